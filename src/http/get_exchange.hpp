// One GET over a connection of the pool.
#pragma once

#include "answer_parser.hpp"
#include "connect_race.hpp"
#include "inflater.hpp"
#include "pool.hpp"

#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <string>

namespace unipile::http {

/// The flow of one request, as coroutines that read like the protocol. What they need across waits is kept here and
/// not in their frames, which stay small enough to be recycled. A deadline or `pool::close` sets why the exchange has
/// to stop and wakes it; each step looks at that before the next one.
class get_exchange final : public exchange, public exchange_hook {
public:
    using clock = connection::clock;

    explicit get_exchange(std::shared_ptr<pool> owner) : pool_(std::move(owner)) {}
    ~get_exchange() override;

    boost::asio::awaitable<response_head> get(std::string target) override;
    boost::asio::awaitable<std::string_view> read_some() override;
    std::uint64_t wire_bytes() const noexcept override { return wire_bytes_; }
    unsigned times_sent() const noexcept override { return times_sent_; }
    bool heard() const noexcept override { return heard_; }
    const char* awaited() const noexcept override { return awaited_; }

private:
    friend class pool;

    enum class state { fresh, busy, in_body, ended, failed };
    enum class direction { read, write };

    // What the pool says.
    void grant() noexcept;
    void addresses_found(boost::system::error_code error, const addresses& found);
    void stop(errc why) noexcept;
    void stop_if_due(clock::time_point now) noexcept;
    clock::time_point deadline() const noexcept { return deadline_; }
    bool has_connection() const noexcept { return connection_ != nullptr || race_ != nullptr; }
    bool looking_up() const noexcept { return looking_up_; }

    // Getting a connection.
    boost::asio::awaitable<void> acquire();
    boost::asio::awaitable<void> connect();
    boost::asio::awaitable<void> resolve();
    boost::asio::awaitable<void> connect_any();
    boost::asio::awaitable<bool> wait_for_attempt();
    [[noreturn]] void fail_to_connect(boost::system::error_code last);
    boost::asio::awaitable<void> open_tunnel();
    boost::asio::awaitable<void> handshake();
    void keep_loopback_only();
    bool take_proxy_answer();

    // One request.
    boost::asio::awaitable<bool> begin_answer();
    boost::asio::awaitable<bool> send(bool renew_stall);
    boost::asio::awaitable<void> read_header();
    boost::asio::awaitable<io_step> read_more(bool renew_stall);
    bool take_header();
    bool starts_with_interim_answer();
    void start_body();
    std::string describe_header();
    response_head make_head(bool reused);
    [[noreturn]] void fail_lost(io_step step);

    // The body.
    std::string_view next_piece();
    std::string_view next_inflated();
    io_step fill();
    void hold_input();
    void count_received(std::size_t bytes);
    void check_for_tls_page(std::string_view piece);
    boost::asio::awaitable<void> pause();
    void return_buffers() noexcept;
    [[noreturn]] void fail_truncated(io_step step);
    void finish() noexcept;

    // Waiting.
    boost::asio::awaitable<void> wait(direction what);
    boost::asio::awaitable<void> wait_for_event();
    void start_phase(errc on_expiry, std::chrono::milliseconds length) noexcept;
    void begin_wait();
    void end_wait() noexcept;
    void throw_if_stopped();

    void drop() noexcept;
    void release_lease() noexcept;
    std::string where() const;
    std::string with_hint(std::string note) const;

    std::shared_ptr<pool> pool_;
    state state_ = state::fresh;
    bool leased_ = false;
    bool queued_ = false;
    bool looking_up_ = false;
    bool in_wait_ = false;
    bool heard_ = false;
    bool inflating_ = false;
    bool more_inflated_ = false;  // the inflater may hold output back
    unsigned times_sent_ = 0;
    unsigned interim_answers_ = 0;
    std::size_t worked_ = 0;  // bytes read and handed out since the loop had its turn
    const char* awaited_ = "";

    std::unique_ptr<connection> connection_;
    std::shared_ptr<connect_race> race_;  // while connecting
    std::optional<boost::asio::steady_timer> event_;
    std::string request_;
    read_buffer buffer_;
    read_buffer inflated_;
    std::size_t filled_ = 0;          // bytes in the buffer
    std::string_view input_;          // what is in the buffer and not yet taken
    std::string_view packed_;         // of that, what is to be inflated
    io_step ending_{progress::done};  // how the connection ended, behind the bytes in the buffer
    std::string held_;                // the start of framing, kept while there is no buffer
    std::optional<answer_parser> answer_;
    std::unique_ptr<inflater> inflater_;
    std::uint64_t wire_bytes_ = 0;
    std::uint64_t received_ = 0;  // of the body, its framing included

    addresses addresses_;
    boost::system::error_code lookup_error_;

    // Whichever deadline comes first ends a wait: that of the phase, or what is left for the request.
    errc phase_error_ = errc::stall_timeout;
    errc due_error_ = errc::stall_timeout;
    clock::time_point phase_until_ = clock::time_point::max();
    clock::time_point deadline_ = clock::time_point::max();
    clock::time_point wait_began_{};
    clock::duration request_left_{};
    bool request_runs_ = false;
    std::optional<errc> stopped_;
};

}  // namespace unipile::http
