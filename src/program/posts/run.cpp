#include "program/posts/run.hpp"

#include "program/command.hpp"
#include "program/output/call_result.hpp"
#include "program/output/minify.hpp"
#include "program/terminal/figures.hpp"
#include "program/terminal/safe_text.hpp"

#include <unipile/observer.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <tuple>
#include <utility>

namespace unipile::program {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds patience_with_reader{2'000};
constexpr milliseconds redraw_interval{200};

milliseconds since(steady_clock::time_point then)
{
    return std::chrono::duration_cast<milliseconds>(steady_clock::now() - then);
}

post_stream open(client& from, const posts_plan& plan, const posts_query& query)
{
    return plan.from ? from.posts(query, *plan.from) : from.posts(query);
}

/// Makes a client that can send every query of the plan.
client make_client(asio::io_context& context, const posts_plan& plan, std::shared_ptr<observer> o)
{
    client_options options = plan.client;
    options.observer = std::move(o);
    client made{context, std::move(options)};
    for (const posts_query& query : plan.queries) {
        try {
            static_cast<void>(open(made, plan, query));
        } catch (const failure& e) {
            const std::string whose = query.identifier.empty() ? "" : printable(query.identifier, 200) + ": ";
            throw std::invalid_argument{whose + failure_text(e)};
        }
    }
    return made;
}

/// Returns true if there may be more posts after such an end.
bool can_go_on(end_reason r) noexcept { return is_failure(r) || is_chosen(r) || r == end_reason::refused_cursor; }

bool writes_to_stdout(const posts_options& options) { return options.output.empty() || options.output == "-"; }

block_writer open_output(asio::io_context& context, interruption& signals, const posts_options& options)
{
    signals.listen();
    if (writes_to_stdout(options)) return block_writer{context.get_executor()};
    const auto keep_going = [&] {
        context.poll_one();  // of two signals, one is enough
        return !signals.came();
    };
    try {
        return block_writer{context.get_executor(), options.output, !options.resume.empty(), keep_going};
    } catch (const std::system_error& e) {
        refuse_output("--output", options.output, e.code());
    }
}

}  // namespace

/// Prints on the terminal what the listings' own lines lack.
class posts_run::watcher : public observer {
public:
    explicit watcher(console& c) : console_(c) {}

    void on_retry(const retry_event& e) override
    {
        if (!console_.shows_progress()) return;
        console_.say(printable(e.query.identifier, 200) + ": again in " + human_duration(e.delay) + ": " +
                     failure_text(e.failure));
    }

    void on_anomaly(const anomaly_event& e) override
    {
        if (e.quarantined.empty()) return;
        console_.say("unipile: " + printable(e.query.identifier, 200) + ": left out, since it is no post (" +
                     std::string{e.why} + "): item " + std::to_string(e.item + 1) + " of page " +
                     std::to_string(e.page + 1) + ": " + printable(e.quarantined, 120));
    }

private:
    console& console_;
};

posts_run::posts_run(const posts_options& options, posts_plan plan)
    : options_(options),
      plan_(std::move(plan)),
      console_(!options.quiet),
      interruption_(context_, {.stop = [this] { stop_listings(); },
                               .give_up = [this] { output_.abandon(); },
                               .end_at_once =
                                   [this] {
                                       stop_listings();
                                       output_.abandon();
                                   },
                               .patience = patience_with_reader}),
      redraw_(context_),
      client_(make_client(context_, plan_, std::make_shared<watcher>(console_))),
      output_(open_output(context_, interruption_, options))
{
    if (plan_.pace) paced_.emplace(*plan_.pace);
}

posts_run::~posts_run() = default;

int posts_run::run()
{
    output_.on_reader_gone([this] { output_failed(asio::error::broken_pipe); });
    workers_ = paced_ ? 1 : std::min(options_.connection.connections, plan_.queries.size());
    for (std::size_t i = workers_; i > 0; --i)
        asio::co_spawn(context_, work(), [this](std::exception_ptr e) { worker_ended(std::move(e)); });
    if (console_.shows_progress())
        asio::co_spawn(context_, show_progress(), [this](std::exception_ptr e) {
            // GCOVR_EXCL_START: it ends without memory only.
            if (e && !error_) error_ = std::move(e);
            if (error_) stop_listings();
            // GCOVR_EXCL_STOP
        });
    context_.run();
    if (error_) std::rethrow_exception(error_);
    if (output_.holds_old_content())
        console_.say("unipile: nothing was written; " + printable(options_.output) + " is as it was");
    if (const error_code ec = output_.close(); ec && !something_missing_) output_failed(ec);
    return exit_code_now();
}

void posts_run::worker_ended(std::exception_ptr error)
{
    if (error && !error_) error_ = std::move(error);
    if (error_) stop_listings();
    if (--workers_ > 0) return;
    console_.progress("");
    context_.stop();
}

asio::awaitable<void> posts_run::work()
{
    while (next_ < plan_.queries.size()) {
        const posts_query& query = plan_.queries[next_++];
        if (stopping_)
            report_unopened(query);
        else if (paced_)
            co_await list_paced(query);
        else
            co_await list(query);
        ++ended_;
    }
}

asio::awaitable<void> posts_run::list(const posts_query& query)
{
    const auto began = steady_clock::now();
    active_.emplace_front(open(client_, plan_, query));
    const auto place = active_.begin();
    co_await pour(*place);

    listing_report r;
    r.identifier = query.identifier;
    r.account = query.account_id;
    r.stats = place->stream.stats();
    r.written = place->written;
    r.elapsed = since(began);
    r.reason = place->stream.end_reason();
    r.failure = place->stream.last_failure();
    if (can_go_on(r.reason)) r.position = place->output_failed ? place->safe.text() : place->stream.position().text();
    posts_ended_ += r.written;
    pages_ended_ += r.stats.pages;
    requests_ended_ += r.stats.requests;
    active_.erase(place);
    if (r.whole() && output_.holds_old_content())
        if (const error_code failed = output_.begin()) output_failed(failed);
    report(r);
}

asio::awaitable<void> posts_run::pour(listing& l)
{
    for (;;) {
        l.safe = l.stream.position();
        const auto pulled = co_await l.stream.async_next_batch(as_result);
        const auto& [ec, posts] = pulled;
        if (ec || posts.empty()) co_return;
        l.lines.clear();
        std::string copy;
        for (const post& p : posts) append_json_line(l.lines, p.valid_json(copy), output_.is_terminal());
        const error_code failed = co_await output_.write(l.lines);
        if (failed) {
            l.output_failed = true;
            l.stream.cancel();
            output_failed(failed);
            co_return;
        }
        l.written += posts.size();
    }
}

asio::awaitable<void> posts_run::list_paced(const posts_query& query)
{
    const auto began = steady_clock::now();
    listing_report r;
    r.identifier = query.identifier;
    r.account = query.account_id;
    r.reason = end_reason::cancelled;
    if (plan_.from) r.position = plan_.from->text();
    paced_stream_.emplace(paced_->open(client_, query, plan_.from.value_or(position())));
    for (bool goes_on = true; goes_on;) {
        auto pulled = co_await paced_stream_->async_next(as_result);
        std::optional<harvest_element>& element = std::get<1>(pulled);
        if (std::get<0>(pulled) || !element) break;
        goes_on = co_await pour(*element, r);
    }
    // What stopped the harvest of one listing is that listing's failure.
    if (auto why = paced_stream_->last_failure()) {
        r.reason = end_reason::failed;
        r.failure = std::move(why);
    }
    if (paced_->failure() && !error_) error_ = paced_->failure();
    paced_stream_.reset();
    r.elapsed = since(began);
    if (!can_go_on(r.reason)) r.position.clear();
    pages_ended_ += r.stats.pages;
    requests_ended_ += r.stats.requests;
    if (r.whole() && output_.holds_old_content())
        if (const error_code failed = output_.begin()) output_failed(failed);
    report(r);
}

/// Writes the posts that have arrived. Returns false if no more are wanted.
asio::awaitable<bool> posts_run::pour(harvest_element& element, listing_report& r)
{
    r.stats = element.stats;
    if (element.ended) {
        r.reason = element.end_reason;
        r.failure = element.failure;
    }
    std::string lines;
    std::string copy;
    for (const post& p : element.posts) append_json_line(lines, p.valid_json(copy), output_.is_terminal());
    if (!lines.empty()) {
        const error_code failed = co_await output_.write(lines);
        if (failed) {
            r.reason = end_reason::cancelled;
            output_failed(failed);
            co_return false;
        }
    }
    r.written += element.posts.size();
    posts_ended_ += element.posts.size();
    r.position = element.position.text();
    co_return true;
}

void posts_run::output_failed(const error_code& ec)
{
    if (ec == asio::error::broken_pipe) {
        reader_gone_ = true;
    } else if (ec == asio::error::operation_aborted) {
        console_.say("unipile: the output's reader did not take the last lines; the last one may be cut short");
    } else if (!something_missing_) {
        const std::string name = writes_to_stdout(options_) ? "standard output" : printable(options_.output);
        console_.say("unipile: " + name + " can't be written: " + ec.message());
    }
    something_missing_ = something_missing_ || !reader_gone_;
    stop_listings();
}

void posts_run::stop_listings()
{
    stopping_ = true;
    for (listing& l : active_) l.stream.cancel();
    if (paced_stream_) paced_stream_->cancel();
}

void posts_run::report_unopened(const posts_query& query)
{
    listing_report r;
    r.identifier = query.identifier;
    r.account = query.account_id;
    r.reason = end_reason::cancelled;
    if (plan_.from) r.position = plan_.from->text();
    report(r);
}

void posts_run::report(const listing_report& r)
{
    if (!r.whole() && !(reader_gone_ && r.reason == end_reason::cancelled)) something_missing_ = true;
    if (reader_gone_ && r.reason == end_reason::cancelled) return;
    if (r.failure && r.reason != end_reason::cancelled)
        console_.say("unipile: " + printable(r.identifier, 200) + ": " + failure_text(*r.failure));
    if (options_.summary == "json")
        console_.say(summary_json(r));
    else if (!options_.quiet || !r.whole())
        console_.say(summary_text(r));
    if (r.failure && r.failure->scope() == failure_scope::key) {
        // No other listing can succeed with this key and base URL.
        key_refused_ = key_refused_ || r.failure->code() == errc::api_key_refused;
        stop_listings();
    }
}

asio::awaitable<void> posts_run::show_progress()
{
    for (;;) {
        console_.progress(progress_line());
        redraw_.expires_after(redraw_interval);
        co_await redraw_.async_wait(as_result);
    }
}

std::string posts_run::progress_line() const
{
    std::uint64_t posts = posts_ended_;
    std::uint64_t pages = pages_ended_;
    std::uint64_t requests = requests_ended_;
    for (const listing& l : active_) {
        posts += l.written;
        pages += l.stream.stats().pages;
        requests += l.stream.stats().requests;
    }
    const auto elapsed = static_cast<std::uint64_t>(since(began_).count());
    std::string line = counted(posts, "post", "posts");
    if (elapsed >= 1000) line += " (" + with_thousands(posts * 1000 / elapsed) + "/s)";
    line += ", " + counted(pages, "page", "pages") + ", " + counted(requests, "request", "requests");
    if (plan_.queries.size() > 1)
        line += ", " + with_thousands(ended_) + " of " + with_thousands(plan_.queries.size()) + " listings";
    return line;
}

int posts_run::exit_code_now() const
{
    if (key_refused_) return exit_code::key_refused;
    if (interruption_.came() && something_missing_) return exit_code::interrupted;
    return something_missing_ ? exit_code::some_incomplete : exit_code::all_complete;
}

}  // namespace unipile::program
