#include "program/watch/harvest_site.hpp"

#include "program/terminal/json_object.hpp"
#include "program/watch/metrics.hpp"
#include "program/watch/page/page.hpp"
#include "program/watch/state_json.hpp"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

namespace unipile::program {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

constexpr milliseconds usual_age{400};
constexpr int share_of_time = 200;

site_answer json_answer(unsigned status, const char* name, const std::string& text)
{
    json_object out;
    out.add_text(name, text);
    site_answer a;
    a.status = status;
    a.type = "application/json";
    a.body = out.finish() + '\n';
    return a;
}

site_answer answer_of(const char* type, std::string body)
{
    site_answer a;
    a.type = type;
    a.body = std::move(body);
    return a;
}

std::string health_of(const harvest_state& s)
{
    if (s.accounts.outage) return "outage\n";
    return s.paused ? "paused\n" : "ok\n";
}

std::string status_text(const harvest_state& s) { return page_json(s) + '\n'; }
std::string metrics_of_process(const harvest_state& s) { return metrics_text(s, figures_of_this_process()); }

}  // namespace

harvest_site::harvest_site(site_rules rules, std::function<harvest_state()> take, controller apply)
    : rules_(std::move(rules)), take_(std::move(take)), apply_(std::move(apply))
{}

void harvest_site::refresh()
{
    const auto began = clock::now();
    if (began < fresh_until_) return;
    state_ = take_();
    status_.clear();
    metrics_.clear();
    const auto now = clock::now();
    fresh_until_ = now + std::max<clock::duration>(usual_age, (now - began) * share_of_time);
}

const std::string& harvest_site::text_of(std::string& kept, std::string (*make)(const harvest_state&))
{
    refresh();
    if (!kept.empty()) return kept;
    const auto began = clock::now();
    kept = make(state_);
    fresh_until_ += (clock::now() - began) * share_of_time;
    return kept;
}

asio::awaitable<site_answer> harvest_site::answer(site_request request, std::string body)
{
    const site_decision decision = rules_.decide(request);
    if (decision.part == site_part::refused) {
        site_answer refused = json_answer(decision.status, "error", decision.text);
        refused.allow = decision.allow;
        co_return refused;
    }
    if (decision.part != site_part::control) co_return read(decision.part);
    co_return co_await obey(std::move(body));
}

site_answer harvest_site::read(site_part part)
{
    switch (part) {
        case site_part::page: return answer_of("text/html; charset=utf-8", std::string(page_html));
        case site_part::style: return answer_of("text/css; charset=utf-8", std::string(page_css));
        case site_part::script: return answer_of("text/javascript; charset=utf-8", std::string(page_js));
        case site_part::status: return answer_of("application/json", text_of(status_, status_text));
        case site_part::metrics:
            return answer_of("text/plain; version=0.0.4; charset=utf-8", text_of(metrics_, metrics_of_process));
        default: refresh(); return answer_of("text/plain; charset=utf-8", health_of(state_));
    }
}

asio::awaitable<site_answer> harvest_site::obey(std::string body)
{
    site_answer answer;
    try {
        control command = control_from_json(body);
        answer = json_answer(200, "text", outcome_of(command));
        co_await apply_(std::move(command));
        fresh_until_ = {};
    } catch (const std::invalid_argument& e) {
        answer = json_answer(400, "error", e.what());
    } catch (const std::exception& e) {
        answer = json_answer(500, "error", e.what());
    }
    co_return answer;
}

}  // namespace unipile::program
