#include <unipile/account_ledger.hpp>

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>

// The text: fields separated by blanks, each a letter and its value. Times are milliseconds since 1970; those of `used`
// except the first are differences from the one before. Names and reasons are percent-encoded.
//   v1 pLINKEDIN f1700000000000 n… c… s2 a0.5 t1234 i1 k1700000000000:disconnected_account u1700000000000,20000,21000*3

namespace unipile {
namespace {

void append(std::string& out, std::int64_t v) { out += std::to_string(v); }
void append(std::string& out, wall_time t) { append(out, t.time_since_epoch().count()); }

void append_encoded(std::string& out, std::string_view s)
{
    constexpr char hex[] = "0123456789ABCDEF";
    for (char c : s) {
        const auto u = static_cast<unsigned char>(c);
        if (u > 0x20 && u < 0x7f && c != '%') {
            out += c;
        } else {
            out += '%';
            out += hex[u >> 4];
            out += hex[u & 15];
        }
    }
}

/// Upper bound of times, in milliseconds since 1970; with later ones, sums could overflow.
constexpr std::int64_t farthest = std::int64_t{1} << 53;

/// Reads one field from its beginning; each function returns false if the text is not of its kind.
class field {
public:
    explicit field(std::string_view text) : rest_(text) {}

    template <class T>
    bool number(T& v)
    {
        auto [end, ec] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), v);
        if (ec != std::errc{}) return false;
        rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
        return true;
    }
    bool time(wall_time& t)
    {
        std::int64_t v = 0;
        if (!number(v) || v < -farthest || v > farthest) return false;
        t = wall_time{std::chrono::milliseconds{v}};
        return true;
    }
    bool skip(char c)
    {
        if (rest_.empty() || rest_[0] != c) return false;
        rest_.remove_prefix(1);
        return true;
    }
    bool decoded(std::string& out)
    {
        out.clear();
        while (!rest_.empty()) {
            char c = rest_[0];
            rest_.remove_prefix(1);
            if (c == '%') {
                unsigned v = 0;
                if (rest_.size() < 2) return false;
                auto [end, ec] = std::from_chars(rest_.data(), rest_.data() + 2, v, 16);
                if (ec != std::errc{} || end != rest_.data() + 2) return false;
                c = static_cast<char>(v);
                rest_.remove_prefix(2);
            }
            out += c;
        }
        return true;
    }
    bool done() const { return rest_.empty(); }

private:
    std::string_view rest_;
};

bool read_used(field& f, std::vector<account_ledger::entry>& used)
{
    used.clear();
    do {
        account_ledger::entry e;
        if (!f.time(e.at)) return false;
        if (!used.empty()) {
            if (e.at.time_since_epoch().count() < 0) return false;
            e.at += used.back().at.time_since_epoch();
            if (e.at.time_since_epoch().count() > farthest) return false;
        }
        if (f.skip('*') && (!f.number(e.count) || e.count == 0)) return false;
        used.push_back(e);
    } while (f.skip(','));
    return true;
}

bool read_field(account_ledger& l, std::string_view word)
{
    field f{word.substr(1)};
    bool good = false;
    switch (word[0]) {
        case 'p': good = f.decoded(l.provider); break;
        case 'f': good = f.time(l.first_used.emplace()); break;
        case 'n': good = f.time(l.next_request); break;
        case 'c': good = f.time(l.resting_until); break;
        case 's': good = f.number(l.strikes); break;
        case 'a': good = f.number(l.pace) && l.pace > 0 && l.pace <= 1; break;
        case 't': good = f.number(l.requests); break;
        case 'i': good = f.number(l.in_flight); break;
        case 'k': {
            auto& k = l.parked.emplace();
            good = f.time(k.since) && f.skip(':') && f.decoded(k.reason);
            break;
        }
        case 'u': good = read_used(f, l.used); break;
        default: break;
    }
    return good && f.done();
}

}  // namespace

void account_ledger::unpark(wall_time now) noexcept
{
    parked.reset();
    strikes = 0;
    resting_until = std::min(resting_until, now);
}

std::uint64_t account_ledger::used_after(wall_time t) const noexcept
{
    std::uint64_t n = in_flight;
    for (auto e = used.rbegin(); e != used.rend() && e->at > t; ++e) n += e->count;
    return n;
}

std::string account_ledger::to_text() const
{
    std::string out = "v1";
    auto field = [&out](char name) {
        out += ' ';
        out += name;
    };
    if (!provider.empty()) field('p'), append_encoded(out, provider);
    if (first_used) field('f'), append(out, *first_used);
    if (next_request != wall_time{}) field('n'), append(out, next_request);
    if (resting_until != wall_time{}) field('c'), append(out, resting_until);
    if (strikes) field('s'), out += std::to_string(strikes);
    if (pace != 1) {
        char text[32];
        auto [end, ec] = std::to_chars(text, text + sizeof text, pace);
        field('a'), out.append(text, end);
    }
    if (requests) field('t'), out += std::to_string(requests);
    if (in_flight) field('i'), out += std::to_string(in_flight);
    if (parked) {
        field('k'), append(out, parked->since), out += ':';
        append_encoded(out, parked->reason);
    }
    wall_time last{};
    for (const auto& e : used) {
        if (&e == &used.front())
            field('u'), append(out, e.at);
        else
            out += ',', append(out, (e.at - last).count());
        if (e.count != 1) out += '*', out += std::to_string(e.count);
        last = e.at;
    }
    return out;
}

std::optional<account_ledger> account_ledger::from_text(std::string_view text)
{
    account_ledger l;
    bool first = true;
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        const auto word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (first ? word != "v1" : word.empty() || !read_field(l, word)) return std::nullopt;
        first = false;
    }
    if (first) return std::nullopt;
    return l;
}

account_ledger account_ledger::used_up(wall_time t)
{
    account_ledger l;
    l.used.push_back({t, std::numeric_limits<std::uint32_t>::max()});
    return l;
}

}  // namespace unipile
