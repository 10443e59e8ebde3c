#include "harvest/clock.hpp"

#include <utility>

namespace unipile::harvest {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

class system_source final : public harvest_clock {
public:
    system_source(const boost::asio::any_io_executor& executor, time_source time, std::function<wall_time()> wall)
        : time_(std::move(time)), timer_(executor, time_), wall_(std::move(wall))
    {}

    wall_time wall() const override { return wall_ ? wall_() : time_.wall(); }

    bool is_shared() const noexcept override { return static_cast<bool>(wall_); }

    nanoseconds elapsed() const override { return time_.elapsed(); }

    void wake(milliseconds after, std::function<void()> f) override
    {
        timer_.expires_after(after);
        timer_.async_call(std::move(f));
    }

    void cancel() noexcept override { timer_.cancel(); }

private:
    time_source time_;
    clock_timer timer_;
    std::function<wall_time()> wall_;
};

}  // namespace

std::shared_ptr<harvest_clock> system_time(const boost::asio::any_io_executor& executor, time_source time,
                                           std::function<wall_time()> wall)
{
    return std::make_shared<system_source>(executor, std::move(time), std::move(wall));
}

run_clock::run_clock(std::shared_ptr<harvest_clock> source)
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
