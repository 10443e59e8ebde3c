// Shows: typed fields of both providers, attachments of every kind, and unknown providers and kinds. Strings are views
//        of the post: copy the post, which is cheap, to keep them.
// Needs: the variables and arguments that environment.hpp names.
#include "environment.hpp"

#include <unipile/client.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <iostream>
#include <variant>

namespace asio = boost::asio;

namespace {

/// One overload for each kind of attachment.
struct describe {
    void operator()(const unipile::image_attachment& a) const
    {
        std::cout << "    picture";
        if (a.size && a.size->width && a.size->height) std::cout << ' ' << *a.size->width << 'x' << *a.size->height;
    }
    void operator()(const unipile::video_attachment& a) const
    {
        std::cout << (a.gif.value_or(false) ? "    moving picture" : "    video");
    }
    void operator()(const unipile::audio_attachment&) const { std::cout << "    sound"; }
    void operator()(const unipile::file_attachment& a) const { std::cout << "    file " << a.file_name.value_or("?"); }
    void operator()(const unipile::linkedin_post_attachment&) const { std::cout << "    another post"; }
    void operator()(const unipile::video_meeting_attachment&) const { std::cout << "    meeting"; }
    void operator()(const unipile::unknown_attachment&) const { std::cout << "    of a kind unknown here"; }
};

void show(const unipile::linkedin_post& p)
{
    if (p.author && p.author->name) std::cout << "  " << *p.author->name << '\n';
    std::cout << "  " << p.text.value_or("(no text)").substr(0, 60) << '\n';
    std::cout << "  " << p.reaction_counter.value_or(0) << " reactions, " << p.comment_counter.value_or(0)
              << " comments\n";
    for (const unipile::attachment& a : p.attachments) {
        std::visit(describe{}, a.details);
        std::cout << (a.url ? ", can be fetched" : ", without an address") << '\n';
    }
}

void show(const unipile::instagram_post& p)
{
    if (p.caption) std::cout << "  " << p.caption->text.value_or("(no caption)").substr(0, 60) << '\n';
    std::cout << "  " << p.like_count.value_or(0) << " likes\n";
    if (p.location) std::cout << "  at " << p.location->name.value_or("?") << '\n';
}

void show(const unipile::post& post)
{
    std::cout << post.provider() << ' ' << post.id() << '\n';
    if (const auto time = post.published_at()) {
        const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(*time)};
        std::cout << "  " << static_cast<int>(day.year()) << '-' << static_cast<unsigned>(day.month()) << '-'
                  << static_cast<unsigned>(day.day()) << '\n';
    }
    if (const auto* p = post.linkedin())
        show(*p);
    else if (const auto* q = post.instagram())
        show(*q);
    else
        std::cout << "  " << post.json() << '\n';
    for (const unipile::anomaly& a : post.anomalies()) std::cout << "  not as documented: " << a << '\n';
}

asio::awaitable<void> list(unipile::posts_query query)
{
    const auto executor = co_await asio::this_coro::executor;
    unipile::client client{executor, example::options()};
    query.max_posts = 20;
    auto posts = client.posts(query);
    while (auto post = co_await posts.next()) show(*post);
}

}  // namespace

int main(int argc, char** argv)
{
    return example::run([&] {
        asio::io_context context;
        asio::co_spawn(context, list(example::query(argc, argv)), example::rethrow);
        context.run();
    });
}
