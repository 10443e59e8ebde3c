// A transport without sockets: a script says what each request gets, down to the byte.
#pragma once

#include "http/transport.hpp"
#include "paging/client_core.hpp"
#include "paging/stream_core.hpp"

#include <unipile/post_stream.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::test {

constexpr std::size_t whole = std::numeric_limits<std::size_t>::max();

struct answer {
    unsigned status = 200;
    std::string body = {};
    std::optional<std::string> retry_after = {};
    std::optional<std::string> date = {};
    std::string request_id = {};
    std::size_t chunk = 0;                   ///< bytes a read; 0: all at once
    std::size_t break_at = whole;            ///< the connection is lost after so many bytes of the body
    bool no_answer = false;                  ///< not a byte of it comes
    errc silence = errc::connection_lost;    ///< with `no_answer`: how that ends
    unsigned times_sent = 1;                 ///< how many requests for it the server may have seen
    bool at_once = false;                    ///< all of its body is there with its header
    bool hang = false;                       ///< at the end, or at `break_at`, nothing more comes
    bool waits = false;                      ///< it waits for a connection, and nothing is ever sent
    std::optional<errc> not_sent = {};       ///< it fails so before anything was sent
    boost::system::error_code foreign = {};  ///< how it fails instead: an error that is none of the library's
};

struct asked {
    std::string identifier, account, cursor;
    int limit = 0;
};

/// Answers by request number, from 0.
using script = std::function<answer(std::size_t number, const asked& request)>;

class scripted_transport final : public http::transport {
public:
    scripted_transport(boost::asio::any_io_executor executor, script s);

    boost::asio::any_io_executor executor() const noexcept override { return executor_; }
    std::string target(std::string_view identifier, std::string_view account_id, int limit, bool is_company,
                       std::string_view cursor) const override;
    std::unique_ptr<http::exchange> open(std::shared_ptr<const http::request_settings> settings) override;
    http::pool_stats stats() const noexcept override { return {}; }
    void close() override { closed = true; }
    bool reveals_key(std::string_view text) const noexcept override
    {
        return !key.empty() && text.find(key) != text.npos;
    }

    std::vector<asked> requests;
    std::vector<std::shared_ptr<const http::request_settings>> settings;  ///< of each exchange
    std::size_t alive = 0;                                                ///< exchanges that exist
    std::size_t most = 0;                                                 ///< the most that existed at once
    std::size_t finished = 0;                                             ///< exchanges that were read to their end
    bool closed = false;
    std::string key;  ///< that no message may have

private:
    friend class scripted_exchange;

    boost::asio::any_io_executor executor_;
    script script_;
};

/// A query that is whole.
inline const posts_query someone{.account_id = "acc", .identifier = "id"};

/// A client on a scripted transport.
struct scripted_client {
    scripted_client(boost::asio::any_io_executor executor, script s, client_options options = {});

    post_stream posts(posts_query query = someone, const position& from = {}, const call_options& options = {});
    void close() { core->close(); }

    boost::asio::any_io_executor executor;
    std::shared_ptr<scripted_transport> transport;
    std::shared_ptr<paging::client_core> core;
};

/// A small post; with `minutes`, published so long before a fixed time.
std::string item(std::string_view id, std::optional<int> minutes = {});
/// The post with this number; its id is the number.
std::string item(std::size_t number);
/// A page. `cursor` is JSON: `null`, `"abc"`.
std::string page(const std::vector<std::string>& items, std::string_view cursor);
/// Posts `first` to `last`, without the last.
std::string page(std::size_t first, std::size_t last, std::string_view cursor);

/// A listing of `total` posts in pages of `size`, with the cursors c1, c2 …
answer plain_listing(const asked& request, std::size_t total, std::size_t size);
script plain_listing(std::size_t total, std::size_t size);

/// An error answer of the API; `type` without its "errors/".
answer refusal(unsigned status, std::string_view type, std::optional<std::string> retry_after = {});

/// Fast options: retries wait for next to nothing.
client_options impatient();

/// Deadlines that no machine misses, however busy it is.
deadlines patient() noexcept;

/// What a listing gave.
struct outcome {
    std::vector<std::string> ids;
    end_reason reason = end_reason::none;
    std::optional<failure> failed;
};

/// Pulls `stream` to its end with `next()`.
boost::asio::awaitable<void> drain(post_stream& stream, outcome& out);

std::vector<std::string> numbers(std::size_t first, std::size_t last);

}  // namespace unipile::test
