// How fast pages become posts, here and with what a user would write instead.
#include "counting_new.hpp"
#include "decode/page_decoder.hpp"
#include "peers.hpp"

#include "corpus/page_corpus.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace unipile;

constexpr int posts_per_page = 100;
constexpr int page_count = 4;

/// Some pages, so that the processor doesn't learn one of them by heart, but few enough to be in its cache, as bytes
/// are that come from a connection.
const std::vector<std::string>& pages(bool linkedin)
{
    static const auto make = [](bool of_linkedin) {
        corpus::page_writer writer(of_linkedin ? 1 : 2);
        std::vector<std::string> made;
        for (int i = 0; i < page_count; ++i) {
            std::string page = of_linkedin ? writer.linkedin_page(posts_per_page, "abc")
                                           : writer.instagram_page(posts_per_page, "abc");
            page.reserve(page.size() + peers::padding);
            made.push_back(std::move(page));
        }
        return made;
    };
    static const std::vector<std::string> of[2] = {make(false), make(true)};
    return of[linkedin];
}

std::uint64_t sum_of(const std::vector<decode::decoded_item>& items)
{
    std::uint64_t sum = items.size();
    for (const auto& item : items) {
        const post& p = *item.as_post();
        const auto* li = p.linkedin();
        sum +=
            p.id().size() + static_cast<std::uint64_t>((li ? li->reaction_counter : p.instagram()->like_count).value());
    }
    return sum;
}

std::uint64_t decode(decode::page_decoder& decoder, std::string_view page, std::size_t chunk)
{
    decoder.reset();
    for (std::size_t at = 0; at < page.size(); at += chunk)
        if (decoder.write(page.substr(at, chunk))) throw std::runtime_error("the corpus is damaged");
    if (decoder.finish()) throw std::runtime_error("the corpus is damaged");
    const std::uint64_t sum = sum_of(decoder.items());
    decoder.items().clear();
    return sum;
}

/// Runs `read` on one page after another, after checking that it reads what the decoder reads.
template <class Read>
void measure(benchmark::State& state, bool linkedin, Read&& read, bool compare = true)
{
    const std::vector<std::string>& all = pages(linkedin);
    decode::page_decoder reference({}, true);
    for (const std::string& page : all)
        if (compare && read(page) != decode(reference, page, page.size()))
            return state.SkipWithError("reads otherwise");
    std::size_t i = 0, bytes = 0;
    const std::uint64_t before = peers::allocations.load();
    for (auto _ : state) {
        const std::string& page = all[i++ % all.size()];
        benchmark::DoNotOptimize(read(page));
        bytes += page.size();
    }
    const auto posts = static_cast<double>(state.iterations()) * posts_per_page;
    // In bytes of 1000, 1000000 ...: G/s are GB/s.
    state.counters["B"] = benchmark::Counter(static_cast<double>(bytes), benchmark::Counter::kIsRate);
    state.counters["allocs/post"] = static_cast<double>(peers::allocations.load() - before) / posts;
}

void unipile_decoder(benchmark::State& state, bool linkedin, std::size_t chunk)
{
    decode::page_decoder decoder({}, true);
    measure(state, linkedin, [&](const std::string& page) { return decode(decoder, page, chunk); });
}

void simdjson_structs(benchmark::State& state, bool linkedin)
{
    peers::simdjson_structs reader;
    measure(state, linkedin, [&](const std::string& page) { return reader.read(page); });
}

void boost_json_dom(benchmark::State& state, bool linkedin) { measure(state, linkedin, peers::boost_json_dom); }
void rapidjson_dom(benchmark::State& state, bool linkedin) { measure(state, linkedin, peers::rapidjson_dom); }
void rapidjson_sax(benchmark::State& state, bool linkedin) { measure(state, linkedin, peers::rapidjson_sax, false); }

BENCHMARK_CAPTURE(unipile_decoder, linkedin / 64KiB, true, 65536);
BENCHMARK_CAPTURE(unipile_decoder, linkedin / 16KiB, true, 16384);
BENCHMARK_CAPTURE(unipile_decoder, linkedin / 1KiB, true, 1024);
BENCHMARK_CAPTURE(unipile_decoder, instagram / 64KiB, false, 65536);
BENCHMARK_CAPTURE(simdjson_structs, linkedin, true);
BENCHMARK_CAPTURE(simdjson_structs, instagram, false);
BENCHMARK_CAPTURE(boost_json_dom, linkedin, true);
BENCHMARK_CAPTURE(boost_json_dom, instagram, false);
BENCHMARK_CAPTURE(rapidjson_dom, linkedin, true);
BENCHMARK_CAPTURE(rapidjson_dom, instagram, false);
BENCHMARK_CAPTURE(rapidjson_sax, linkedin, true);

}  // namespace

int main(int argc, char** argv)
{
    benchmark::Initialize(&argc, argv);
    benchmark::AddCustomContext("simdjson", unipile::peers::simdjson_structs::implementation());
#if defined(__clang__)
    benchmark::AddCustomContext("compiler", "clang " __clang_version__);
#else
    benchmark::AddCustomContext("compiler", "g++ " __VERSION__);
#endif
    benchmark::AddCustomContext("page", std::to_string(pages(true).front().size()) + " bytes of LinkedIn, " +
                                            std::to_string(pages(false).front().size()) + " of Instagram");
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}
