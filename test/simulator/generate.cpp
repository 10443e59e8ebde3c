// What is generated: the contract by default, every kind and field, deviations on demand, always the same.
#include "contract.hpp"
#include "reader.hpp"

#include "simulator/people.hpp"
#include "support/printing.hpp"

#include <unipile/simulator.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

namespace json = boost::json;
namespace sim = unipile::simulator;

namespace {

constexpr sim::provider both[] = {sim::provider::linkedin, sim::provider::instagram};

/// Every path of keys in a value, arrays passed through.
void collect(const json::value& v, const std::string& path, std::set<std::string>& out)
{
    if (const auto* array = v.if_array()) {
        for (const auto& each : *array) collect(each, path, out);
    } else if (const auto* object = v.if_object()) {
        for (const auto& member : *object) {
            const auto name = path + '/' + std::string(member.key());
            out.insert(name);
            collect(member.value(), name, out);
        }
    }
}

std::string time_text(std::int64_t milliseconds)
{
    namespace chrono = std::chrono;
    const chrono::sys_time<chrono::milliseconds> time{chrono::milliseconds(milliseconds)};
    const auto day = chrono::floor<chrono::days>(time);
    const chrono::year_month_day date{day};
    const chrono::hh_mm_ss clock{time - day};
    char text[40];
    std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                  static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
    return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(generate)

BOOST_AUTO_TEST_CASE(same_seed_same_bytes_other_seed_other_bytes)
{
    for (const auto provider : both) {
        BOOST_TEST(sim::generate_page(7, provider, 0, 50) == sim::generate_page(7, provider, 0, 50));
        BOOST_TEST(sim::generate_page(7, provider, 0, 50) != sim::generate_page(8, provider, 0, 50));
        // A post doesn't depend on those before it.
        const auto page = sim::generate_page(7, provider, 0, 50);
        for (std::uint64_t i = 0; i < 50; ++i) BOOST_TEST(page.find(sim::generate_post(7, provider, i)) != page.npos);
    }
}

BOOST_AUTO_TEST_CASE(the_bytes_stay_the_same_from_one_release_to_the_next)
{
    // FNV-1a; whoever changes what is generated changes these too.
    const auto hash = [](const std::string& text) {
        std::uint64_t h = 0xcbf29ce484222325u;
        for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
        return h;
    };
    BOOST_TEST(hash(sim::generate_page(1, sim::provider::linkedin, 0, 100)) == 4532421529138460431u);
    BOOST_TEST(hash(sim::generate_page(1, sim::provider::instagram, 0, 100)) == 10040808217090390757u);
    BOOST_TEST(hash(sim::generate_page(1, sim::provider::linkedin, 0, 100, "", sim::wild)) == 5068693829307481061u);
}

BOOST_AUTO_TEST_CASE(pages_match_the_contract)
{
    for (const auto provider : both)
        for (std::uint64_t seed = 0; seed < 30; ++seed) {
            const auto page = reader::parse(sim::generate_page(seed, provider, 0, 100, seed % 2 ? "abc=" : ""));
            BOOST_TEST(contract::page_fault(page) == "");
            BOOST_TEST(page.at("items").as_array().size() == 100u);
        }
}

BOOST_AUTO_TEST_CASE(every_field_and_kind_occurs)
{
    std::set<std::string> paths, kinds;
    for (const auto provider : both)
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
            const auto page = reader::parse(sim::generate_page(seed, provider, 0, 100));
            collect(page.at("items"), "", paths);
            for (const auto& item : page.at("items").as_array())
                if (const auto* attachments = item.as_object().if_contains("attachments"))
                    for (const auto& each : attachments->as_array()) kinds.emplace(each.at("type").as_string());
        }
    for (const auto* path : {"/title",
                             "/written_by/name",
                             "/repost_id",
                             "/reposted_by/headline",
                             "/repost_content/author/name",
                             "/attachments/file_size",
                             "/attachments/mimetype",
                             "/attachments/url",
                             "/attachments/url_expires_at",
                             "/attachments/size/width",
                             "/attachments/duration",
                             "/attachments/file_name",
                             "/attachments/time_range",
                             "/poll/options/votes_count",
                             "/group/private",
                             "/analytics/clickthrough_rate",
                             "/analytics/members_reached",
                             "/analytics/page_viewers_from_this_post",
                             "/analytics/followers_gained_from_this_post",
                             "/caption/created_at",
                             "/video/url",
                             "/preview_image/height",
                             "/owner/is_private",
                             "/location/lat"})
        BOOST_TEST(paths.contains(path), path);
    BOOST_TEST(kinds.size() == 6u);
}

BOOST_AUTO_TEST_CASE(sizes_are_those_of_real_posts)
{
    for (const auto provider : both) {
        std::vector<std::size_t> sizes;
        for (std::uint64_t seed = 0; seed < 20; ++seed)
            for (std::uint64_t i = 0; i < 100; ++i) sizes.push_back(sim::generate_post(seed, provider, i).size());
        std::sort(sizes.begin(), sizes.end());
        BOOST_TEST(sizes[sizes.size() / 20] >= 1'400u);
        BOOST_TEST(sizes[sizes.size() * 19 / 20] <= 3'200u);
        BOOST_TEST(sizes.front() >= 900u);
        BOOST_TEST(sizes.back() <= 5'000u);
    }
}

BOOST_AUTO_TEST_CASE(a_linkedin_id_holds_the_time_and_times_fall)
{
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        const auto page = reader::parse(sim::generate_page(seed, sim::provider::linkedin, 0, 100));
        std::uint64_t last = UINT64_MAX;
        for (const auto& item : page.at("items").as_array()) {
            const auto id = std::stoull(std::string(item.at("id").as_string()));
            BOOST_TEST(id > (1ull << 53));
            BOOST_TEST(time_text(static_cast<std::int64_t>(id >> 22)) == item.at("parsed_datetime").as_string());
            BOOST_TEST((id >> 22) < last);
            last = id >> 22;
        }
    }
}

BOOST_AUTO_TEST_CASE(deviations_are_of_the_kind_asked_for_and_spare_identity)
{
    // What each shows that the contract forbids, as the validator names it.
    const std::map<unsigned, std::vector<const char*>> shown = {{sim::unknown_fields, {"unknown"}},
                                                                {sim::missing_fields, {"lacks"}},
                                                                {sim::null_values, {"is no"}},
                                                                {sim::number_strings, {"is no number"}},
                                                                {sim::integer_booleans, {"is no boolean"}},
                                                                {sim::unknown_kinds, {"strange type"}},
                                                                {sim::unknown_provider, {"strange provider"}}};
    for (const auto provider : both)
        for (const auto& [deviation, words] : shown) {
            if (deviation == sim::unknown_kinds && provider == sim::provider::instagram) continue;
            const auto* name = provider == sim::provider::linkedin ? "id" : "provider_id";
            std::size_t hits = 0;
            for (std::uint64_t i = 0; i < 300; ++i) {
                const auto plain = reader::parse(sim::generate_post(3, provider, i));
                const auto post = reader::parse(sim::generate_post(3, provider, i, deviation));
                BOOST_TEST(post.at(name).as_string() == plain.at(name).as_string());
                json::object page = {{"object", "PostList"}, {"cursor", nullptr}, {"paging", {{"page_count", 1}}}};
                page["items"] = json::array{post};
                const auto fault = contract::page_fault(page);
                for (const auto* word : words)
                    if (fault.find(word) != fault.npos) ++hits;
                BOOST_TEST((fault.empty() || fault.find(words.front()) != fault.npos), fault);
            }
            BOOST_TEST(hits > 20u);
        }
}

BOOST_AUTO_TEST_CASE(deviations_of_the_text_itself)
{
    const auto count = [](unsigned deviation, auto shows) {
        std::size_t hits = 0;
        for (const auto provider : both)
            for (std::uint64_t i = 0; i < 100; ++i) hits += shows(sim::generate_post(3, provider, i, deviation));
        return hits;
    };
    const auto contains = [](const char* what) {
        return [what](const std::string& post) { return post.find(what) != post.npos; };
    };
    BOOST_TEST(count(0, contains("\xff")) == 0u);
    BOOST_TEST(count(0, contains(".0,")) == 0u);
    BOOST_TEST(count(sim::odd_numbers, contains(".0,")) > 10u);
    BOOST_TEST(count(sim::odd_numbers, contains("123456789012345678901234567890")) > 5u);
    BOOST_TEST(count(sim::white_space, contains("\n\t ")) > 50u);
    BOOST_TEST(count(sim::lone_surrogates, contains("\\ud83")) > 50u);
    BOOST_TEST(count(sim::key_order, contains("\"provider\":\"LINKEDIN\"}")) > 20u);
    BOOST_TEST(count(sim::duplicate_keys, [](const std::string& post) {
                   return post.find("\"date\":") != post.rfind("\"date\":") ||
                          post.find("has_audio") != post.rfind("has_audio");
               }) > 50u);
    BOOST_TEST(count(sim::invalid_utf8, [](const std::string& post) {
                   return post.find('\xff') != post.npos || post.find('\xfe') != post.npos;
               }) > 50u);
    BOOST_TEST(count(sim::broken_items, [](const std::string& post) {
                   try {
                       reader::parse(post);
                       return false;
                   } catch (const boost::system::system_error&) {
                       return true;
                   }
               }) > 50u);
    // All but the last two are valid JSON, in every mixture.
    for (const auto provider : both)
        for (std::uint64_t i = 0; i < 500; ++i)
            BOOST_CHECK_NO_THROW(
                reader::parse(sim::generate_post(i, provider, i, ~0u & ~(sim::broken_items | sim::lone_surrogates))));
}

BOOST_AUTO_TEST_CASE(reordering_keys_changes_nothing_else)
{
    for (const auto provider : both)
        for (std::uint64_t i = 0; i < 100; ++i) {
            const auto plain = reader::parse(sim::generate_post(5, provider, i));
            const auto moved = reader::parse(sim::generate_post(5, provider, i, sim::key_order | sim::white_space));
            BOOST_TEST(plain == moved);
        }
}

BOOST_AUTO_TEST_CASE(profiles_are_found_again_by_their_names)
{
    sim::options options;
    options.accounts = 7;
    options.identifiers = 3'000;
    options.instagram_share = 0.4;
    const sim::people people(options);
    std::set<std::string> names;
    std::map<std::string, int> kinds;
    for (std::uint32_t i = 0; i < 3'000; ++i) {
        const auto t = people.profile(i);
        BOOST_TEST(names.insert(t.identifier).second);
        BOOST_TEST(people.find_profile(t.identifier).value().index == i);
        BOOST_TEST(people.find_profile(t.who.id).value().index == i);
        BOOST_TEST(people.provider_of(t.home) == t.provider);
        ++kinds[t.provider == sim::provider::instagram ? "instagram" : t.who.is_company ? "company" : "person"];
        if (t.provider == sim::provider::linkedin && !t.who.is_company)
            BOOST_TEST((t.identifier.starts_with("AC") || t.identifier.starts_with("AD")), t.identifier);
        auto wrong = t.identifier;
        wrong.back() = wrong.back() == 'x' ? 'y' : 'x';
        BOOST_TEST(!people.find_profile(wrong));
        BOOST_TEST(!people.find_profile(t.who.public_identifier + "z"));
    }
    BOOST_TEST(kinds.size() == 3u);
    for (const auto* nobody : {"", "x", "_", "1", "99999999999999999999999999", "ACo", "ACoAA", "someone_1",
                               "ACoAA_____________________________________", "maria.lopez_99999999999999999999"})
        BOOST_TEST(!people.find_profile(nobody), nobody);
    for (const auto* nobody : {"acc0", "acc8", "acc", "acc01", "ACC1", "acc1 ", "acc-1", "acc99999999999999999999"})
        BOOST_TEST(!people.find_account(nobody), nobody);
    BOOST_TEST(people.find_account("acc7").value() == 6u);
}

BOOST_AUTO_TEST_CASE(shares_of_providers)
{
    const auto instagram = [](std::uint32_t accounts, double share) {
        sim::options options;
        options.accounts = accounts;
        options.instagram_share = share;
        const sim::people people(options);
        std::uint32_t count = 0;
        for (std::uint32_t i = 0; i < accounts; ++i) count += people.provider_of(i) == sim::provider::instagram;
        return count;
    };
    BOOST_TEST(instagram(10, 0) == 0u);
    BOOST_TEST(instagram(10, 0.3) == 3u);
    BOOST_TEST(instagram(10, 1) == 10u);
    BOOST_TEST(instagram(2, 0.01) == 1u);
    BOOST_TEST(instagram(2, 0.99) == 1u);
    BOOST_TEST(instagram(1, 1) == 1u);
    BOOST_TEST(instagram(1, 0.2) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
