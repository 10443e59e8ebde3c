// The clocks of a client's streams.
#pragma once

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>

namespace unipile::paging {

/// The machine's clocks. Tests derive from it and set the time.
class time_source {
public:
    using time_point = std::chrono::steady_clock::time_point;

    static std::shared_ptr<time_source> machine();
    virtual ~time_source() = default;

    /// For waits and deadlines.
    virtual time_point now() const noexcept;
    /// For the age of cursors: steady, and advances while the machine is suspended.
    virtual std::chrono::milliseconds age() const noexcept;
    /// Sets `timer`. Its waits may end early, so the waiting code checks the time again.
    virtual void expire(boost::asio::steady_timer& timer, time_point at);
};

}  // namespace unipile::paging
