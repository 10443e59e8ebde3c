// Everything by which a harvest is watched: its log, its page, and its metrics file.
#pragma once

#include "program/harvest/progress.hpp"
#include "program/watch/harvest_log.hpp"
#include "program/watch/harvest_site.hpp"
#include "program/watch/site_server.hpp"
#include "program/watch/watch_options.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <exception>
#include <functional>
#include <optional>
#include <string>

namespace unipile::program {

class harvest_watch {
public:
    /// `take` returns the harvest's state without rate and estimate.
    harvest_watch(boost::asio::io_context& context, watch_settings settings, std::function<harvest_state(detail)> take,
                  harvest_site::controller control);

    harvest_log& log() noexcept { return log_; }

    /// Serves the page, and writes metrics. Throws std::invalid_argument if one of them can't be.
    void open();
    /// The harvest has begun: there is progress. `failed` is called with what ends its coroutines. Returns false if
    /// nobody sees it.
    bool begin(const std::string& store, estimate_rules rules, std::function<void(const std::exception_ptr&)> failed);
    /// The harvest has ended. Writes the summary if it is `wanted`.
    void end(const harvest_state& last, bool wanted);

private:
    harvest_state state(detail how_much);
    std::string page_line() const;
    void write_metrics(const harvest_state& s);
    boost::asio::awaitable<void> keep_metrics();

    boost::asio::io_context& context_;
    watch_settings settings_;
    std::function<harvest_state(detail)> take_;
    harvest_log log_;
    harvest_site site_;
    boost::asio::steady_timer metrics_due_;
    std::optional<harvest_progress> progress_;
    std::optional<site_server> server_;
    bool metrics_failed_ = false;
};

}  // namespace unipile::program
