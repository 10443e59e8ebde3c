#include <unipile/store/error.hpp>

#include <exception>

namespace unipile::store::detail {

// Declared in async.hpp, which is not included here so that this room needs no Asio.
boost::system::error_code code_of(const std::exception_ptr& failure) noexcept;

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
