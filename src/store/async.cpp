#include <unipile/store/error.hpp>

#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <new>
#include <thread>

namespace unipile::store::detail {

// Declared in async.hpp, which is not included here so that this library needs no Asio.
boost::system::error_code code_of(const std::exception_ptr& failure) noexcept;
void keep_reserve();
bool use_reserve() noexcept;

namespace {

constexpr std::size_t reserve_bytes = 256 * 1024;
std::atomic<char*> reserve = nullptr;

}  // namespace

void keep_reserve()
{
    if (reserve.load(std::memory_order_relaxed)) return;
    auto made = std::make_unique<char[]>(reserve_bytes);
    char* none = nullptr;
    if (reserve.compare_exchange_strong(none, made.get())) (void)made.release();
}

bool use_reserve() noexcept
{
    if (char* kept = reserve.exchange(nullptr)) {
        delete[] kept;
        return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return false;
}

boost::system::error_code code_of(const std::exception_ptr& failure) noexcept
{
    if (!failure) return {};
    try {
        std::rethrow_exception(failure);
    } catch (const boost::system::system_error& e) {
        return e.code();
    } catch (const std::bad_alloc&) {
        return store_errc::out_of_memory;
    } catch (...) {
        return store_errc::engine;
    }
}

}  // namespace unipile::store::detail
