// The addresses of one host: looked up on demand, and cached.
#pragma once

#include "lookup.hpp"

#include "time_source.hpp"

#include <boost/intrusive/list.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace unipile::http {

/// One look-up at a time serves all waiters. One that has timed out does not block the next, and at most four are under
/// way. All calls on the executor.
class name_cache {
public:
    /// Waits for a look-up. Unlink or destroy it to stop waiting.
    class waiter : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
    public:
        /// Called once for each `look_up`, on the executor. `found` is valid only without an error.
        virtual void addresses_found(boost::system::error_code error, const addresses& found) noexcept = 0;

    protected:
        ~waiter() = default;
    };

    /// `ttl`: how long addresses are used.
    name_cache(boost::asio::any_io_executor executor, std::string host, std::shared_ptr<resolver> how,
               std::chrono::milliseconds ttl, time_source time = {});
    ~name_cache() { close(); }
    name_cache(const name_cache&) = delete;
    name_cache& operator=(const name_cache&) = delete;

    /// Returns the cached addresses: the last one that worked first, the families alternating. Null: none.
    const addresses* known() const noexcept;
    /// Notifies `who` of the result of a look-up. Starts one unless one is under way.
    void look_up(waiter& who);
    /// The look-up under way has timed out; the next call of `look_up` starts another one.
    void timed_out() noexcept { stale_ = true; }
    /// No address worked: the next call of `look_up` starts a look-up.
    void forget() noexcept { known_.clear(); }
    void remember_working(const boost::asio::ip::address& address);
    /// Waiters are not called afterwards.
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
    time_source time_;
    std::shared_ptr<lookup_gate> gate_;
    boost::intrusive::list<waiter, boost::intrusive::constant_time_size<false>> waiting_;

    addresses known_;
    time_source::time_point known_until_{};
    unsigned under_way_ = 0;
    std::uint64_t newest_ = 0;
    bool stale_ = false;  // the newest look-up has timed out
    std::optional<boost::asio::ip::address> working_;
};

}  // namespace unipile::http
