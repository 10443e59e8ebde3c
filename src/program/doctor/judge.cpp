#include "program/doctor/judge.hpp"

#include "date_reader.hpp"
#include "program/harvest/stop.hpp"
#include "program/posts/report.hpp"
#include "program/terminal/figures.hpp"

#include <unipile/errc.hpp>

#include <algorithm>

namespace unipile::program {
namespace {

using std::chrono::milliseconds;

std::string with_time(const std::string& text, milliseconds took) { return text + " in " + human_duration(took); }

std::string days_text(std::chrono::days d) { return counted(static_cast<std::uint64_t>(d.count()), "day", "days"); }

std::string day_of(wall_time t)
{
    const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(t)};
    const auto two = [](unsigned n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    return std::to_string(static_cast<int>(day.year())) + '-' + two(static_cast<unsigned>(day.month())) + '-' +
           two(static_cast<unsigned>(day.day()));
}

bool is_of_certificates(const failure& f)
{
    return f.code() == errc::certificate_rejected || f.code() == errc::client_certificate_required;
}

}  // namespace

bool was_answered(const answer_facts& a) { return !a.failure || a.failure->api() != nullptr; }

finding judge_lookup(const lookup_facts& f)
{
    if (f.addresses.empty())
        return {"name", verdict::bad, f.host + " has no address: " + f.error,
                "check the base URL, and the machine's name service", exit_code::out_of_reach};
    std::string all;
    for (const std::string& a : f.addresses) all += (all.empty() ? "" : ", ") + a;
    finding found{"name", verdict::good, with_time(f.host + " is " + all, f.took), {}};
    if (f.took > std::chrono::seconds{1}) {
        found.is = verdict::warning;
        found.advice = "the name service is slow";
    }
    return found;
}

finding judge_connections(const std::vector<connect_facts>& all)
{
    std::string taken, refused;
    for (const connect_facts& c : all)
        if (c.error.empty())
            taken += (taken.empty() ? "" : ", ") + with_time(c.address, c.took);
        else
            refused += (refused.empty() ? "" : ", ") + c.address + ": " + c.error;
    if (taken.empty())
        return {"connection", verdict::bad, refused,
                "check the base URL's port, and whether a firewall or a proxy stands in between",
                exit_code::out_of_reach};
    if (refused.empty()) return {"connection", verdict::good, taken, {}};
    return {"connection", verdict::warning, taken + "; not " + refused, "the others are used instead, later"};
}

finding judge_tls(const std::optional<tls_facts>& tls, const answer_facts& answer, wall_time now)
{
    constexpr std::chrono::days soon{21};
    const bool refused = answer.failure && is_of_certificates(*answer.failure);
    if (!tls || tls->chain.empty()) {
        const std::string why = answer.failure ? failure_text(*answer.failure) : "no certificate was shown";
        return {"tls", verdict::bad, why, {}, exit_code::out_of_reach};
    }
    const certificate_facts& own = tls->chain.front();
    const certificate_facts& first_to_end =
        *std::min_element(tls->chain.begin(), tls->chain.end(),
                          [](const certificate_facts& a, const certificate_facts& b) { return a.ends < b.ends; });
    std::string text = tls->version + (tls->version.empty() ? "" : ", ") + "certificate of " + own.subject + " by " +
                       own.issuer + ", ends " + day_of(own.ends);
    if (refused) return {"tls", verdict::bad, text + ": " + failure_text(*answer.failure), {}, exit_code::usage_error};
    const auto left = std::chrono::floor<std::chrono::days>(first_to_end.ends - now);
    if (left >= soon) return {"tls", verdict::good, text, {}};
    if (&first_to_end != &own) text += "; that of " + first_to_end.subject + " ends " + day_of(first_to_end.ends);
    return {"tls", verdict::warning, text,
            left.count() < 0 ? "it has expired"
                             : days_text(left) + " are left until harvests end; tell who runs the server"};
}

std::optional<finding> judge_clock(const answer_facts& answer)
{
    constexpr std::chrono::seconds usual{30};
    const auto server = parse_date_field(answer.date);
    if (!server) return std::nullopt;
    // The field has whole seconds, and is made before the answer arrives.
    const milliseconds ahead = answer.received - *server;
    const milliseconds least =
        std::max(milliseconds{0}, std::chrono::abs(ahead) - answer.took - std::chrono::seconds{1});
    if (least <= usual) return finding{"clock", verdict::good, "within half a minute of the server's", {}};
    return finding{
        "clock", verdict::warning,
        human_duration(std::chrono::abs(ahead)) + (ahead.count() > 0 ? " ahead of" : " behind") + " the server's",
        "set it (NTP): working hours and dates follow it, and certificates are judged by it"};
}

finding judge_key(const answer_facts& answer)
{
    if (!answer.failure) return {"key", verdict::good, "accepted", {}};
    const unipile::failure& f = *answer.failure;
    if (f.code() == errc::api_key_refused)
        return {"key", verdict::bad, failure_text(f), "a key works with its own DSN only", exit_code::key_refused};
    const bool concerns_account = f.scope() == failure_scope::account || f.scope() == failure_scope::target;
    if (was_answered(answer) && concerns_account)
        return {"key", verdict::good, with_time("accepted; the API has answered", answer.took), {}};
    return {"key", verdict::bad, "not known: " + failure_text(f), {}, static_cast<exit_code>(exit_code_of_stop(f))};
}

std::optional<wall_time> parse_date_field(std::string_view text)
{
    date_reader in{text};
    written_time t;
    in.letters();
    in.expect(", ");
    t.day = in.number(2);
    in.expect(" ");
    t.month = in.month_name();
    in.expect(" ");
    t.year = in.number(4);
    in.expect(" ");
    t.hour = in.number(2);
    in.expect(":");
    t.minute = in.number(2);
    in.expect(":");
    t.second = in.number(2);
    in.expect(" GMT");
    return in.at_end() ? t.time() : std::nullopt;
}

}  // namespace unipile::program
