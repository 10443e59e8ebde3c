// Ours, through the public interface: typed posts with their exact JSON, certificates verified, a client a thread.
#include "../common/report.hpp"
#include "../common/task.hpp"

#include <unipile/client.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <functional>
#include <span>
#include <thread>

namespace {

namespace asio = boost::asio;
using benchmark::seen;

void touch(seen& s, const unipile::post& post)
{
    ++s.posts;
    s.id(post.id());
    if (const auto* l = post.linkedin()) {
        s.text += l->text ? l->text->size() : 0;
        s.counters += static_cast<std::uint64_t>(l->reaction_counter.value_or(0) + l->comment_counter.value_or(0) +
                                                 l->repost_counter.value_or(0));
    } else if (const auto* i = post.instagram()) {
        s.text += i->caption && i->caption->text ? i->caption->text->size() : 0;
        s.counters += static_cast<std::uint64_t>(i->like_count.value_or(0) + i->comment_count.value_or(0));
    }
}

/// One thread's share: a client and so many listings open at once.
class share {
public:
    share(const benchmark::task& task, std::span<const std::string> identifiers)
        : identifiers_(identifiers), client_(context_, options(task))
    {
        open_ = std::min(task.open / task.threads, identifiers.size());
        for (std::size_t i = 0; i < open_; ++i) asio::co_spawn(context_, walk(), rethrow);
    }

    void run() { context_.run(); }
    const seen& result() const { return seen_; }

private:
    static unipile::client_options options(const benchmark::task& task)
    {
        unipile::client_options o;
        o.base_url = task.url;
        o.api_key = task.api_key;
        o.ca_file = task.ca_file;
        o.max_connections = task.connections / task.threads;
        return o;
    }

    static void rethrow(std::exception_ptr failure)
    {
        if (failure) std::rethrow_exception(failure);
    }

    asio::awaitable<void> walk()
    {
        while (next_ < identifiers_.size()) {
            unipile::posts_query query;
            query.account_id = "account";
            query.identifier = identifiers_[next_++];
            std::chrono::steady_clock::time_point asked;
            unipile::post_stream posts = client_.posts(std::move(query));
            for (std::uint64_t count = 0;;) {
                if (count % 100 == 0) asked = std::chrono::steady_clock::now();
                const auto batch = co_await posts.async_next_batch(asio::use_awaitable);
                if (batch.empty()) break;
                if (count % 100 == 0) seen_.first_post(asked);
                count += batch.size();
                for (const auto& post : batch) touch(seen_, post);
            }
            seen_.pages += posts.stats().pages;
        }
        if (--open_ == 0) client_.close();  // the idle connections would keep the context busy until they expire
    }

    std::span<const std::string> identifiers_;
    asio::io_context context_{1};
    unipile::client client_;
    seen seen_;
    std::size_t next_ = 0, open_ = 0;
};

}  // namespace

int main()
{
    const benchmark::stopwatch watch;
    const auto task = benchmark::task_from_environment();
    const std::span<const std::string> all(task.identifiers);
    std::vector<std::unique_ptr<share>> shares;
    for (std::size_t i = 0; i < task.threads; ++i) {
        const std::size_t from = all.size() * i / task.threads, to = all.size() * (i + 1) / task.threads;
        shares.push_back(std::make_unique<share>(task, all.subspan(from, to - from)));
    }
    std::vector<std::thread> threads;
    for (std::size_t i = 1; i < shares.size(); ++i) threads.emplace_back(&share::run, shares[i].get());
    shares.front()->run();
    for (auto& thread : threads) thread.join();

    seen sum;
    for (const auto& s : shares) sum += s->result();
    benchmark::report(sum, watch);
}
