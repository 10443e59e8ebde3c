// Time as an input of a harvest: it stands still until somebody moves it.
#pragma once

#include "harvest/clock.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

namespace unipile::test {

class manual_time final : public harvest::harvest_clock {
public:
    wall_time wall() const override { return floor_ + passed_ + ahead_; }
    bool is_shared() const noexcept override { return shared; }
    std::chrono::nanoseconds elapsed() const override { return passed_; }
    void wake(std::chrono::milliseconds after, std::function<void()> f) override
    {
        due_ = passed_ + after;
        call_ = std::move(f);
    }
    void cancel() noexcept override { call_ = nullptr; }

    /// Whether anybody waits.
    bool is_waited_for() const noexcept { return bool(call_); }
    std::chrono::milliseconds due() const noexcept { return due_; }
    std::chrono::milliseconds passed() const noexcept { return passed_; }
    /// To the next wake-up, which is called.
    void advance()
    {
        passed_ = std::max(passed_, due_);
        std::exchange(call_, nullptr)();
    }
    /// By so much, no matter who waits.
    void pass(std::chrono::milliseconds d) { passed_ += d; }
    /// Somebody sets the system's clock.
    void set_wall(std::chrono::milliseconds by) { ahead_ += by; }

    bool shared = false;

private:
    // Any day would do; this one is the machine's.
    wall_time floor_ = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    std::chrono::milliseconds passed_{0}, ahead_{0}, due_{0};
    std::function<void()> call_;
};

}  // namespace unipile::test
