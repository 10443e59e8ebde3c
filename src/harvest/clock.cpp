#include "harvest/clock.hpp"

#include <boost/asio/steady_timer.hpp>

#include <utility>

#include <time.h>

namespace unipile::harvest {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

class system_source final : public time_source {
public:
    system_source(const boost::asio::any_io_executor& executor, std::function<wall_time()> wall)
        : timer_(executor), wall_(std::move(wall))
    {}

    wall_time wall() const override
    {
        return wall_ ? wall_() : std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
    }

    bool is_shared() const noexcept override { return static_cast<bool>(wall_); }

    nanoseconds elapsed() const override
    {
#ifdef CLOCK_BOOTTIME
        timespec t{};
        if (::clock_gettime(CLOCK_BOOTTIME, &t) == 0)  // GCOVR_EXCL_BR_LINE: Linux has it
            return std::chrono::seconds{t.tv_sec} + nanoseconds{t.tv_nsec};
#endif
        return std::chrono::steady_clock::now().time_since_epoch();  // GCOVR_EXCL_LINE: systems without that clock
    }

    void wake(milliseconds after, std::function<void()> f) override
    {
        timer_.expires_after(after);
        timer_.async_wait([f = std::move(f)](boost::system::error_code error) {
            if (!error) f();
        });
    }

    void cancel() noexcept override { timer_.cancel(); }

private:
    boost::asio::steady_timer timer_;
    std::function<wall_time()> wall_;
};

}  // namespace

std::shared_ptr<time_source> system_time(const boost::asio::any_io_executor& executor, std::function<wall_time()> wall)
{
    return std::make_shared<system_source>(executor, std::move(wall));
}

run_clock::run_clock(std::shared_ptr<time_source> source)
    : source_(std::move(source)), began_(source_->wall()), elapsed_(source_->elapsed())
{}

wall_time run_clock::now() const { return began_ + std::chrono::floor<milliseconds>(source_->elapsed() - elapsed_); }

bool run_clock::measure()
{
    const milliseconds step = source_->is_shared() ? milliseconds{50} : milliseconds{1'000};
    const auto ahead = source_->wall() - now();
    const auto moved = ahead - ahead_;
    if (moved < step && moved > -step) return false;
    ahead_ = ahead;
    return true;
}

}  // namespace unipile::harvest
