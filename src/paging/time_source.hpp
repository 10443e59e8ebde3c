// The clocks of a client's streams, as an input.
#pragma once

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>

namespace unipile::paging {

/// The machine's clocks. A test derives one whose time it sets.
class time_source {
public:
    using time_point = std::chrono::steady_clock::time_point;

    static std::shared_ptr<time_source> machine();
    virtual ~time_source() = default;

    /// For waits and deadlines.
    virtual time_point now() const noexcept;
    /// For the age of cursors: also advances while the machine is suspended. It can't be set.
    virtual std::chrono::milliseconds age() const noexcept;
    /// Sets `timer`. Its waits may end early: whoever waits looks at the time again.
    virtual void expire(boost::asio::steady_timer& timer, time_point at);
};

}  // namespace unipile::paging
