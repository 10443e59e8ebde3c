// One GET over a connection of the pool.
#pragma once

#include "answer_parser.hpp"
#include "connector.hpp"
#include "exchange_waits.hpp"
#include "inflater.hpp"

#include <memory>
#include <optional>
#include <string>

namespace unipile::http {

/// The flow of one request, as coroutines. State that spans waits is kept here and not in their frames, which stay
/// small enough to be recycled.
class get_exchange final : public exchange, private exchange_waits {
public:
    get_exchange(std::shared_ptr<pool> owner, std::shared_ptr<const request_settings> settings)
        : exchange_waits(std::move(owner), std::move(settings))
    {}
    ~get_exchange() override;

    boost::asio::awaitable<response_head> get(std::string target) override;
    boost::asio::awaitable<std::string_view> read_some() override;
    std::uint64_t wire_bytes() const noexcept override { return wire_bytes_; }
    unsigned times_sent() const noexcept override { return times_sent_; }
    bool heard() const noexcept override { return heard_; }
    const char* awaited() const noexcept override { return exchange_waits::awaited(); }

private:
    enum class state { fresh, busy, in_body, ended, failed };

    // One request.
    boost::asio::awaitable<void> connect();
    void make_request(std::string_view target);
    boost::asio::awaitable<bool> begin_answer();
    boost::asio::awaitable<void> read_header();
    boost::asio::awaitable<io_step> read_more(bool renew_stall);
    bool take_header();
    bool starts_with_interim_answer();
    void start_body();
    std::string describe_header();
    response_head make_head(bool reused);
    [[noreturn]] void fail_lost(io_step step);
    std::string with_hint(std::string note) const;

    // The body.
    std::string_view next_piece();
    std::string_view next_inflated();
    io_step fill();
    void hold_input();
    void count_received(std::size_t bytes);
    void check_for_tls_page(std::string_view piece);
    void return_buffers() noexcept;
    [[noreturn]] void fail_truncated(io_step step);
    void finish() noexcept;

    void drop() noexcept;
    void stopped_between_waits() noexcept override;
    std::uint64_t received_so_far() const noexcept override { return wire_bytes_; }

    state state_ = state::fresh;
    bool heard_ = false;
    bool inflating_ = false;
    bool more_inflated_ = false;  // the inflater may have more output
    unsigned times_sent_ = 0;
    unsigned interim_answers_ = 0;
    std::size_t worked_ = 0;  // bytes read and returned since the last yield

    std::optional<connector> connector_;  // while connecting
    std::unique_ptr<connection> connection_;
    std::string request_;
    read_buffer buffer_;
    read_buffer inflated_;
    std::size_t filled_ = 0;          // bytes in the buffer
    std::string_view input_;          // the part of the buffer that was not taken yet
    std::string_view packed_;         // the part of that to be inflated
    io_step ending_{progress::done};  // how the connection ended, behind the bytes in the buffer
    std::string held_;                // beginning of framing, kept while there is no buffer
    std::optional<answer_parser> answer_;
    std::unique_ptr<inflater> inflater_;
    std::uint64_t wire_bytes_ = 0;
    std::uint64_t received_ = 0;  // of the body, including its framing
};

}  // namespace unipile::http
