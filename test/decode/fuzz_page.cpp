// libFuzzer: any bytes, cut anywhere, must read the same as in one piece; and what is accepted as an item must be
// JSON by Boost.JSON's verdict too.
#include "decode/page_decoder.hpp"
#include "describe.hpp"

#include <unipile/utf8.hpp>

#include <boost/json/parse.hpp>

#include <cstdint>
#include <cstdlib>
#include <vector>

namespace {

using namespace unipile;

/// Small enough that the fuzzer can reach each of them.
size_limits small_limits()
{
    size_limits limits;
    limits.page = 8192;
    limits.item = 2048;
    limits.envelope = 512;
    limits.cursor = 64;
    limits.items = 16;
    limits.depth = 8;
    return limits;
}

void check(bool ok)
{
    if (!ok) std::abort();
}

bool has_bad_text(const post& p)
{
    for (const anomaly& a : p.anomalies())
        if (a.kind == anomaly_kind::bad_text) return true;
    return false;
}

void check_post(const post& p, std::string_view page)
{
    check(page.find(p.json()) != std::string_view::npos);
    boost::system::error_code error;
    (void)boost::json::parse({p.json().data(), p.json().size()}, error);
    // Boost.JSON refuses exponents that it can't count with; by the grammar they are as good as others.
    check(!error || error == boost::json::error::exponent_overflow || has_bad_text(p));
    check(test::describe(post::parse(p.json()).value()) == test::describe(p));
    std::string copy;
    check(is_valid_utf8(p.valid_json(copy)) && p.is_utf8() == is_valid_utf8(p.json()));
    check(p.footprint() > p.json().size() && p.footprint() < 128 * 1024 + 8 * p.json().size());
}

void check_quarantined(const quarantined_item& item)
{
    check(item.raw.size() <= small_limits().item);
    boost::system::error_code error;
    const auto value = boost::json::parse(item.raw, error);
    const std::string_view why = item.why;
    const bool over = why.starts_with("its ") || why.starts_with("nested deeper");
    check(error || over || !value.is_object() || value.get_object().empty());
    check(!error || !why.starts_with("an empty"));
}

void check_items(std::string_view page)
{
    decode::page_decoder decoder(small_limits(), false);
    (void)decoder.write(page);
    std::uint32_t index = 0;
    for (const auto& item : decoder.items()) {
        check(item.index == index++);
        if (const auto* p = item.as_post())
            check_post(*p, page);
        else
            check_quarantined(*item.as_quarantined());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 2) return 0;
    const std::string_view page{reinterpret_cast<const char*>(data) + 2, size - 2};
    const std::size_t piece = data[0] + 1u;
    const bool strict = (data[1] & 1) != 0;
    std::vector<std::string_view> pieces;
    for (std::size_t at = 0; at < page.size(); at += piece) pieces.push_back(page.substr(at, piece));
    check(test::decode_pieces(pieces, small_limits(), strict) == test::decode_whole(page, small_limits(), strict));
    check_items(page);
    return 0;
}
