// Shows: a listing in several runs. Each run appends posts to one file and saves its position in another, and the next
//        run continues behind the last post, also within a page.
// Needs: the variables and arguments that environment.hpp names, and as third argument the files' name.
#include "environment.hpp"

#include <unipile/client.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

namespace asio = boost::asio;

namespace {

unipile::position load(const std::string& file)
{
    std::ifstream in{file};
    std::string text;
    return in >> text ? unipile::position::parse(text) : unipile::position{};
}

/// The old position stays until the new one is complete.
void save(const std::string& file, const unipile::position& position)
{
    std::ofstream out{file + ".new"};
    out << position.text() << '\n';
    out.close();
    if (!out) throw std::runtime_error{file + ".new can't be written"};
    std::filesystem::rename(file + ".new", file);
}

asio::awaitable<void> list(unipile::posts_query query, std::string name)
{
    const auto from = load(name + ".position");
    const auto executor = co_await asio::this_coro::executor;
    unipile::client client{executor, example::options()};
    query.max_posts = 130;  // the bound of this run
    auto posts = client.posts(query, from);
    std::ofstream out{name + ".json", std::ios::app};
    while (auto post = co_await posts.next()) out << post->json() << '\n';
    out.close();
    if (!out) throw std::runtime_error{name + ".json can't be written"};
    // The posts first, then the position: a crash in between repeats posts and loses none.
    save(name + ".position", posts.position());
    std::cout << posts.stats().posts << " posts, " << posts.end_reason() << '\n';
}

}  // namespace

int main(int argc, char** argv)
{
    return example::run([&] {
        if (argc != 4) throw std::invalid_argument{"arguments: ACCOUNT IDENTIFIER NAME"};
        asio::io_context context;
        asio::co_spawn(context, list(example::query(argc, argv), argv[3]), example::rethrow);
        context.run();
    });
}
