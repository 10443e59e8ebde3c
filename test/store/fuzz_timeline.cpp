// libFuzzer: a text is a timeline or nothing, and a run can begin with whatever was read.
#include "support/fuzzing.hpp"

#include <unipile/store/timeline.hpp>

#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace unipile::store;
    using unipile::test::hold;
    auto t = timeline::parse(unipile::test::text_of(data, size));
    if (!t) return 0;
    const auto again = timeline::parse(t->text());
    hold(again == t, "a timeline survives its text");
    hold(t->stretches() <= size, "stretches are part of the text");
    const unipile::wall_time now{std::chrono::milliseconds{1'700'000'000'000}};
    const step first = t->begin(size % 2 == 0 ? walk_mode::update : walk_mode::full, {}, now);
    hold(first.what == step::kind::from_top || first.what == step::kind::from_position, "a run begins with a request");
    hold(first.what == step::kind::from_top || !first.position.empty(), "a position to go on from is not empty");
    hold(timeline::parse(t->text()) == t, "a walk survives its text");
    std::vector<sighting> posts(size % 7);
    for (std::size_t i = 0; i < posts.size(); ++i)
        posts[i] = {{static_cast<std::uint32_t>(i % 3), size % 5 != 0}, {}, i + 1};
    page_facts page;
    page.missing = size % 3;
    page.empty_pages = size % 2;
    page.quarantined = size % 11 == 0;
    page.overlapped = size % 13 == 0;
    (void)t->read(posts, size % 17 == 0 ? "" : "p", page, now);
    hold(timeline::parse(t->text()) == t, "a walk that has read survives its text");
    if (first.what == step::kind::from_position) (void)t->lost_position(now);
    timeline moved;
    moved.begin(walk_mode::update, {}, now);
    moved.take_over(*t, now);
    hold(timeline::parse(moved.text()) == moved, "a timeline survives its move");
    (void)t->ended(unipile::end_reason::null_cursor, now);
    hold(timeline::parse(t->text()) == t, "a walk that ended survives its text");
    return 0;
}
