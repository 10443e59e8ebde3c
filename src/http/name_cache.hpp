// The addresses of one host: looked up on demand, and kept for a while.
#pragma once

#include "lookup.hpp"

#include <boost/intrusive/list.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace unipile::http {

/// One look-up at a time serves all who wait. One that did not answer in time doesn't block the next, and no more than
/// four are under way. All calls on the executor.
class name_cache {
public:
    using clock = std::chrono::steady_clock;

    /// Waits for a look-up. To stop waiting, unlink or destroy it.
    class waiter : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
    public:
        /// Called once for each `look_up`, on the executor. `found` counts only without an error.
        virtual void addresses_found(boost::system::error_code error, const addresses& found) noexcept = 0;

    protected:
        ~waiter() = default;
    };

    /// `ttl`: how long addresses are used.
    name_cache(boost::asio::any_io_executor executor, std::string host, std::shared_ptr<resolver> how,
               std::chrono::milliseconds ttl);
    ~name_cache() { close(); }
    name_cache(const name_cache&) = delete;
    name_cache& operator=(const name_cache&) = delete;

    /// The addresses, if they are known: the one that worked last first, the families taking turns.
    const addresses* known() const noexcept;
    /// Notifies `who` when a look-up has answered. Starts one unless one is under way.
    void look_up(waiter& who);
    /// The look-up under way has not answered in time; the next to ask starts another one.
    void timed_out() noexcept { stale_ = true; }
    /// No address worked: the next to ask has them looked up.
    void forget() noexcept { known_.clear(); }
    void remember_working(const boost::asio::ip::address& address);
    /// Waiters hear nothing any more.
    void close();

private:
    void start();
    void answered(std::uint64_t number, boost::system::error_code error, addresses found);
    boost::system::error_code keep(const addresses& found) noexcept;
    void prefer_working();

    boost::asio::any_io_executor executor_;
    std::string host_;
    std::shared_ptr<resolver> resolver_;
    std::chrono::milliseconds ttl_;
    std::shared_ptr<lookup_gate> gate_;
    boost::intrusive::list<waiter, boost::intrusive::constant_time_size<false>> waiting_;

    addresses known_;
    clock::time_point known_until_{};
    unsigned under_way_ = 0;
    std::uint64_t newest_ = 0;
    bool stale_ = false;  // the newest look-up has not answered in time
    std::optional<boost::asio::ip::address> working_;
};

}  // namespace unipile::http
