// The client's side of a test: a loop, a transport, and what came of a request.
#pragma once

#include "http/transport.hpp"
#include "support/certificates.hpp"
#include "support/printing.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>

namespace unipile::test {

inline constexpr const char* test_key = "k3y-never-to-be-seen";

/// What servers of the tests answer with, where nothing else matters.
inline const std::string small_body = R"({"cursor":null})";
inline const std::string empty_page = R"({"object":"PostList","items":[],"cursor":null,"paging":{"page_count":0}})";

/// What came of one exchange.
struct outcome {
    bool finished = false;
    bool cancelled = false;  ///< operation_aborted
    unsigned sent = 0;       ///< how many requests the server may have seen
    bool heard = false;      ///< a byte of an answer came
    std::optional<errc> error;
    boost::system::error_code cause;
    std::string text;      ///< `what()` of the failure
    answer_fields fields;  ///< of the failure
    http::response_head head;
    std::string body;
    std::uint64_t wire_bytes = 0;
    std::size_t pieces = 0;

    bool ok() const { return finished && !cancelled && !error; }
};

/// Options for a server of the test: its URL, the test's key. No deadline and no idle time that a slow machine could
/// reach: a test that is about one sets it.
client_options options_for(const std::string& url);
/// The same, trusting that authority.
client_options options_for(const std::string& url, const certificate_authority& authority);

class fetching {
public:
    explicit fetching(const client_options& options);
    ~fetching();

    /// One GET to its end or failure. Fails the test if it hangs.
    outcome get(std::string target = "/posts");
    /// Starts one that runs beside others; the reference lives as long as this object.
    outcome& start(std::string target = "/posts");
    /// Runs the loop until all that were started are finished.
    void run();

    boost::asio::io_context& loop() { return *loop_; }
    const std::shared_ptr<http::transport>& transport() { return transport_; }
    http::pool_stats stats() const { return transport_->stats(); }

    // In this order they may be destroyed early by a test.
    std::unique_ptr<boost::asio::io_context> loop_;
    std::shared_ptr<http::transport> transport_;

private:
    std::list<outcome> outcomes_;
};

/// The flow behind `fetching`: reads everything, notes how it ended, and checks that no text holds the key.
boost::asio::awaitable<void> fetch(std::shared_ptr<http::transport> from, std::string target, outcome& to);

/// For Boost.Test's messages: what an outcome is, in a line.
std::string describe(const outcome& o);

}  // namespace unipile::test
