#include "program/posts/report.hpp"

#include "program/options/advice.hpp"
#include "program/terminal/figures.hpp"
#include "program/terminal/json_object.hpp"
#include "program/terminal/safe_text.hpp"

#include <array>
#include <cstdio>
#include <string_view>

namespace unipile::program {
namespace {

std::string seconds(std::chrono::milliseconds d)
{
    std::array<char, 32> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%.3f", static_cast<double>(d.count()) / 1000);
    return buffer.data();
}

std::string failure_json(const unipile::failure& f)
{
    json_object out;
    out.add_number("code", static_cast<std::uint64_t>(f.code().value()));
    out.add_text("category", f.code().category().name());
    out.add_text("message", message_of(f.code()));
    out.add_filled("note", note_of(f));
    if (f.cause()) out.add_text("cause", f.cause().message());
    out.add_text("scope", to_string(f.scope()));
    out.add_number("attempts", f.attempts());
    out.add("may_pass", f.may_pass() ? "true" : "false");
    if (const api_error* api = f.api()) {
        json_object server;
        server.add_number("status", api->status);
        server.add_filled("type", api->type);
        server.add_filled("title", api->title);
        server.add_filled("detail", api->detail);
        server.add_filled("instance", api->instance);
        out.add("server", server.finish());
    }
    return out.finish();
}

/// Returns the kind of an end; `outcome` adds what is missing.
const char* kind_of_end(end_reason r)
{
    if (is_complete(r)) return "complete";
    if (r == end_reason::exhausted_cursor) return "complete by inference, confirmed";
    if (r == end_reason::refused_cursor) return "refused, and not confirmed to be complete";
    if (is_inferred(r)) return "complete by inference";
    if (is_chosen(r)) return "ended as asked";
    return r == end_reason::cancelled ? "interrupted" : r == end_reason::none ? "not ended" : "failed";
}

std::string outcome(const listing_report& r)
{
    const bool unreadable = r.stats.quarantined != 0 && (is_complete(r.reason) || is_inferred(r.reason));
    return kind_of_end(r.reason) + std::string{unreadable ? " but for unreadable items" : ""};
}

}  // namespace

std::string failure_text(const unipile::failure& f)
{
    std::string out = message_of(f.code());
    std::string more;
    const auto add = [&more](const std::string& part) {
        if (!part.empty()) more += (more.empty() ? "" : "; ") + part;
    };
    add(printable(note_of(f)));
    if (f.cause()) add(printable(f.cause().message()));
    if (f.attempts() > 1) add(std::to_string(f.attempts()) + " attempts");
    if (!more.empty()) out += " (" + more + ')';
    if (const api_error* api = f.api()) {
        std::string said = api->title;
        if (!api->detail.empty()) said += (said.empty() ? "" : ": ") + api->detail;
        out += "; server says: " + std::to_string(api->status);
        if (!api->type.empty()) out += ' ' + printable(api->type, 100);
        if (!said.empty()) out += ' ' + printable(said);
    }
    return out;
}

std::string summary_text(const listing_report& r)
{
    std::string out = printable(r.identifier, 200) + ": ";
    out += counted(r.written, "post", "posts") + ", " + counted(r.stats.pages, "page", "pages") + ", ";
    out += counted(r.stats.requests, "request", "requests") + ", ";
    out += counted(r.stats.retries, "retry", "retries") + ", ";
    out += human_bytes(r.stats.wire_bytes) + ", " + human_duration(r.elapsed);
    if (r.stats.anomalies > 0) out += ", " + counted(r.stats.anomalies, "anomaly", "anomalies");
    if (r.stats.quarantined > 0) out += ", " + counted(r.stats.quarantined, "unreadable item", "unreadable items");
    const std::string kind = outcome(r);
    const std::string reason = to_string(r.reason);
    out += ": " + kind;
    if (kind != reason) out += " (" + reason + ')';
    if (!r.position.empty()) out += "; position: " + r.position;
    return out;
}

std::string summary_json(const listing_report& r)
{
    json_object out;
    out.add_text("identifier", r.identifier);
    out.add_text("account", r.account);
    out.add_number("posts", r.written);
    out.add_number("pages", r.stats.pages);
    out.add_number("requests", r.stats.requests);
    out.add_number("retries", r.stats.retries);
    out.add_number("resent", r.stats.resent);
    out.add_number("rereads", r.stats.rereads);
    out.add_number("bytes", r.stats.wire_bytes);
    out.add_number("json_bytes", r.stats.json_bytes);
    out.add_number("anomalies", r.stats.anomalies);
    out.add_number("unreadable_items", r.stats.quarantined);
    out.add("seconds", seconds(r.elapsed));
    out.add_text("end_reason", to_string(r.reason));
    out.add("complete", is_complete(r.reason) && r.stats.quarantined == 0 ? "true" : "false");
    out.add("inferred", is_inferred(r.reason) ? "true" : "false");
    const bool confirmed = is_complete(r.reason) || r.reason == end_reason::exhausted_cursor;
    out.add("confirmed", confirmed ? "true" : "false");
    out.add_filled("position", r.position);
    if (r.failure) out.add("failure", failure_json(*r.failure));
    return out.finish();
}

}  // namespace unipile::program
