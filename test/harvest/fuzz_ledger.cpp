// libFuzzer: a text is an account's ledger or nothing, and what was read can be worked with.
#include "support/fuzzing.hpp"

#include <unipile/account_ledger.hpp>
#include <unipile/harvest_estimate.hpp>

#include <algorithm>

namespace {

using namespace unipile;
using test::hold;

bool is_printable(std::string_view text)
{
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text = test::text_of(data, size);
    auto ledger = account_ledger::from_text(text);
    if (!ledger) return 0;
    const auto again = ledger->to_text();
    hold(is_printable(again), "a ledger's text is printable ASCII");
    hold(account_ledger::from_text(again) == ledger, "a ledger survives its text");
    hold(ledger->pace > 0 && ledger->pace <= 1, "the pace is a share");
    const auto earlier = [](const account_ledger::entry& a, const account_ledger::entry& b) { return a.at < b.at; };
    hold(std::is_sorted(ledger->used.begin(), ledger->used.end(), earlier), "requests are in order");
    constexpr wall_time least{std::chrono::milliseconds{-(std::int64_t{1} << 53)}},
        most{std::chrono::milliseconds{std::int64_t{1} << 53}};
    for (const auto& e : ledger->used) {
        hold(e.at >= least && e.at <= most, "times can be reckoned with");
        hold(e.count > 0, "an entry is at least one request");
    }
    // An account with any sound past can be asked when it is free.
    const wall_time now{std::chrono::milliseconds{1'700'000'000'000}};
    (void)ledger->used_after(now);
    estimate_rules rules;
    rules.pace = pacing::recommended("INSTAGRAM");
    rules.now = now;
    harvest_estimator estimator{rules};
    account_load load;
    load.ledger = text;
    load.jobs = 2;
    estimator.add(load);
    ledger->unpark(now);
    hold(!ledger->parked, "an unparked account is not parked");
    return 0;
}
