// The run of `unipile posts`: writes listings as lines.
#pragma once

#include "program/output/block_writer.hpp"
#include "program/posts/arguments.hpp"
#include "program/posts/report.hpp"
#include "program/terminal/console.hpp"
#include "program/terminal/interruption.hpp"

#include <unipile/client.hpp>
#include <unipile/post_stream.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <list>
#include <optional>
#include <string>

namespace unipile::program {

/// Runs the listings of a plan, as many at a time as there are connections. Used once.
class posts_run {
public:
    /// Throws std::invalid_argument with one line that says what to change.
    posts_run(const posts_options& options, posts_plan plan);
    ~posts_run();

    /// Returns the exit code.
    int run();

private:
    class watcher;

    struct listing {
        post_stream stream;
        position safe;      ///< everything before it is in the output
        std::string lines;  ///< the block that is being written
        std::uint64_t written = 0;
        bool output_failed = false;
    };

    boost::asio::awaitable<void> work();
    boost::asio::awaitable<void> list(const posts_query& query);
    boost::asio::awaitable<void> pour(listing& l);
    boost::asio::awaitable<void> list_paced(const posts_query& query);
    boost::asio::awaitable<bool> pour(harvest_element& element, listing_report& r);
    boost::asio::awaitable<void> show_progress();

    void worker_ended(std::exception_ptr error);
    void stop_listings();
    void output_failed(const boost::system::error_code& ec);
    void report(const listing_report& r);
    void report_unopened(const posts_query& query);
    std::string progress_line() const;
    int exit_code_now() const;

    const posts_options& options_;
    posts_plan plan_;
    console console_;
    boost::asio::io_context context_{1};
    interruption interruption_;
    boost::asio::steady_timer redraw_;
    client client_;
    std::list<listing> active_;
    std::optional<paced_listings> paced_;
    std::optional<harvest_stream> paced_stream_;  ///< of the current listing
    std::size_t next_ = 0;                        ///< index of the next query
    std::size_t workers_ = 0;                     ///< still running
    std::size_t ended_ = 0;
    std::uint64_t posts_ended_ = 0, pages_ended_ = 0, requests_ended_ = 0;
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    std::exception_ptr error_;
    bool stopping_ = false;
    bool reader_gone_ = false;
    bool key_refused_ = false;
    bool something_missing_ = false;
    block_writer output_;  ///< opened after all options were checked, and after what a signal changes is there
};

}  // namespace unipile::program
