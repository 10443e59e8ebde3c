#include "program/watch/harvest_watch.hpp"

#include "program/output/call_result.hpp"
#include "program/terminal/safe_text.hpp"
#include "program/watch/metrics.hpp"
#include "program/watch/metrics_file.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/host_name.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace unipile::program {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds between_metrics{15};

std::string machine_name()
{
    boost::system::error_code ec;
    const std::string name = asio::ip::host_name(ec);
    return ec ? std::string() : name;
}

}  // namespace

harvest_watch::harvest_watch(asio::io_context& context, watch_settings settings,
                             std::function<harvest_state(detail)> take, harvest_site::controller control)
    : context_(context),
      settings_(std::move(settings)),
      take_(std::move(take)),
      log_(settings_.log),
      site_(
          site_rules(machine_name(), settings_.token), [this] { return state(detail::all); }, std::move(control)),
      metrics_due_(context)
{}

harvest_state harvest_watch::state(detail how_much) { return progress_ ? progress_->state(how_much) : take_(how_much); }

void harvest_watch::open()
{
    if (!settings_.metrics_file.empty()) {
        try {
            replace_file(settings_.metrics_file, metrics_text(state(detail::all), figures_of_this_process()));
        } catch (const std::system_error& e) {
            throw std::invalid_argument{"--metrics-file: " + printable(e.what())};
        }
    }
    if (!settings_.listen) return;
    server_.emplace(context_, *settings_.listen,
                    [this](site_request request, std::string body) { return site_.answer(request, std::move(body)); });
    log_.say(page_line());
}

std::string harvest_watch::page_line() const
{
    const std::string address = "http://" + to_string(server_->where()) + '/';
    std::string shown = "unipile: the harvest is shown at " + address;
    if (!settings_.token_is_told) return shown;
    return shown + "; its controls need the token " + settings_.token + ", which " + address + '#' + settings_.token +
           " has";
}

bool harvest_watch::begin(const std::string& store, estimate_rules rules,
                          std::function<void(const std::exception_ptr&)> failed)
{
    const bool has_metrics = !settings_.metrics_file.empty();
    if (settings_.log.progress == log_form::none && !server_ && !has_metrics) return false;
    progress_.emplace(context_, take_, store, std::move(rules));
    auto show = [this](const harvest_state& s) { log_.show(s); };
    asio::co_spawn(context_, progress_->follow(log_.interval(), std::move(show)), failed);
    asio::co_spawn(context_, progress_->look_ahead(), failed);
    if (has_metrics) asio::co_spawn(context_, keep_metrics(), std::move(failed));
    return true;
}

asio::awaitable<void> harvest_watch::keep_metrics()
{
    for (;;) {
        metrics_due_.expires_after(between_metrics);
        co_await metrics_due_.async_wait(as_result);
        write_metrics(state(detail::all));
    }
}

/// A harvest goes on without its metrics.
void harvest_watch::write_metrics(const harvest_state& s)
{
    try {
        replace_file(settings_.metrics_file, metrics_text(s, figures_of_this_process()));
        metrics_failed_ = false;
    } catch (const std::system_error& e) {
        if (!std::exchange(metrics_failed_, true)) log_.say("unipile: --metrics-file: " + printable(e.what()));
    }
}

void harvest_watch::end(const harvest_state& last, bool wanted)
{
    log_.end_progress();
    if (!settings_.metrics_file.empty()) write_metrics(last);
    if (wanted) log_.summarize(last);
}

}  // namespace unipile::program
