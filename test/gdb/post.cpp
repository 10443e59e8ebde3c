// A program for gdb to stop in: see print_post.sh.
#include <unipile/post.hpp>

#include <utility>

extern "C" void stop_here(const unipile::post& whole, const unipile::post& moved_from)
{
    static_cast<void>(whole);
    static_cast<void>(moved_from);
}

int main()
{
    auto parsed = unipile::post::parse(R"({"object":"Post","provider":"LINKEDIN","id":"7","text":"Grüße"})");
    if (!parsed) return 1;
    unipile::post moved = *parsed;
    const unipile::post whole = std::move(moved);
    stop_here(whole, moved);  // NOLINT(bugprone-use-after-move): a moved-from post is printed, too
    return 0;
}
