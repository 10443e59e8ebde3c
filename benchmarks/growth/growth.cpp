// Feeds a store through its writer as a harvest does, without a network: pages of many open listings by turns, each
// with its account's ledger. The peer inserts the same rows in a bare loop. Each call prints one line of JSON.
//
// bench_growth feed STORE POSTS AGAIN | bench_growth bare FILE POSTS | bench_growth texts FILE POSTS
//
// STORE is a file or a connection string; AGAIN: so many of the posts are read again, with nothing changed.
#include "../common/bare_inserts.hpp"
#include "../common/report.hpp"
#include "../corpus/stored_posts.hpp"

#include <unipile/store.hpp>

#ifdef UNIPILE_WITH_POSTGRES
#include <unipile/store/postgres.hpp>
#endif

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace unipile;
using namespace unipile::store;

namespace {

constexpr std::size_t page_posts = 100;
constexpr std::size_t listing_posts = 1000;
constexpr std::size_t open_listings = 64;
// What a harvest of 20,000 posts a second writes in 50 ms, which is how often the program commits. A fixed size makes
// the bytes written independent of the machine's speed.
constexpr std::size_t group_bytes = 2 * 1024 * 1024;

wall_time moment(std::size_t n)
{
    return wall_time(std::chrono::milliseconds(1'700'000'000'000 + static_cast<std::int64_t>(n)));
}

std::uint64_t mixed(std::uint64_t n)
{
    n += 0x9e3779b97f4a7c15ULL;
    n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9ULL;
    n = (n ^ (n >> 27)) * 0x94d049bb133111ebULL;
    return n ^ (n >> 31);
}

/// Makes any post by its number: one of a thousand texts, with an id of its own.
class post_maker {
public:
    post_maker()
    {
        const auto words = [](std::mt19937_64& random) { return "words of post " + std::to_string(random()) + " "; };
        for (const auto& p : benchmark::make_posts(1000, words)) {
            text t{p.json, p.id.size(), {}};
            for (auto at = p.json.find(p.id); at != std::string::npos; at = p.json.find(p.id, at + 1))
                t.places.push_back(at);
            texts_.push_back(std::move(t));
        }
    }

    void make(std::size_t number, benchmark::post_text& post) const
    {
        const text& t = texts_[number % texts_.size()];
        post.id = std::to_string(7'000'000'000'000'000'000ULL + mixed(number) % 400'000'000'000'000'000ULL);
        post.json = t.json;
        for (const std::size_t at : t.places) post.json.replace(at, t.id_size, post.id);
    }

private:
    struct text {
        std::string json;
        std::size_t id_size;
        std::vector<std::size_t> places;
    };
    std::vector<text> texts_;
};

/// The bytes that this process has caused to be written to disks.
std::uint64_t written()
{
    std::ifstream io("/proc/self/io");
    for (std::string line; std::getline(io, line);)
        if (line.starts_with("write_bytes: ")) return std::stoull(line.substr(13));
    return 0;
}

/// The CPU that the thread of this name has used.
double cpu_of(std::string_view name)
{
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        std::string comm;
        std::getline(std::ifstream(task.path() / "comm"), comm);
        double nanoseconds = 0;
        if (comm == name && std::ifstream(task.path() / "schedstat") >> nanoseconds) return nanoseconds / 1e9;
    }
    return 0;
}

/// When each tenth of the posts was there.
class tenths {
public:
    explicit tenths(std::size_t posts) : posts_(posts) {}
    void stored(std::size_t posts)
    {
        done_ += posts;
        while (next_ < times_.size() && done_ >= posts_ * (next_ + 1) / times_.size()) times_[next_++] = watch_.wall();
    }
    double wall() const { return watch_.wall(); }
    void print() const
    {
        double before = 0;
        std::printf("\"tenths\":[");
        for (std::size_t i = 0; i < times_.size(); ++i) {
            std::printf("%s%.0f", i == 0 ? "" : ",", static_cast<double>(posts_) / 10 / (times_[i] - before));
            before = times_[i];
        }
        std::printf("],");
    }

private:
    benchmark::stopwatch watch_;
    std::size_t posts_, done_ = 0, next_ = 0;
    std::array<double, 10> times_{};
};

std::unique_ptr<engine> opened(const std::string& name)
{
#ifdef UNIPILE_WITH_POSTGRES
    if (postgres::is_conninfo(name)) return postgres::open_postgres(name);
#endif
    return open_sqlite(name);
}

std::string account(std::size_t listing) { return "account" + std::to_string(listing % open_listings); }

struct page_texts {
    std::array<benchmark::post_text, page_posts> posts;
};

/// Feeds listings of a thousand posts: the next page of each open one by turns.
class feed {
public:
    feed(const std::string& name, std::size_t posts, std::size_t label) : posts_(posts), label_(label), progress_(posts)
    {
        writer_options options;
        options.group_bytes = group_bytes;
        options.max_queued_bytes = 2 * group_bytes;
        writer_ = std::make_unique<store_writer>(opened(name), options);
        run_request request;
        request.label = std::to_string(label);
        request.mode = walk_mode::full;
        run_ = writer_->perform(begin_run{request, moment(label)}).run;
        std::vector<job_spec> jobs;
        jobs.reserve(listings());
        for (std::size_t i = 0; i < listings(); ++i)
            jobs.push_back({account(i), "identifier" + std::to_string(i), false});
        writer_->perform(begin_import{run_});
        writer_->perform(add_jobs{run_, jobs});
        writer_->perform(end_import{run_});
    }

    void run()
    {
        progress_ = tenths(posts_);
        const double cpu0 = cpu_of("unipile-store");
        for (std::size_t first = 0; first < listings(); first += open_listings) {
            const std::size_t end = std::min(first + open_listings, listings());
            std::vector<std::pair<std::int64_t, std::size_t>> open;
            for (std::size_t i = first; i < end; ++i) {
                const auto jobs = writer_->perform(claim_jobs{run_, account(i), 1, moment(label_)});
                if (jobs.empty()) throw std::runtime_error("there is nothing to claim");
                open.emplace_back(jobs[0].job, std::stoull(jobs[0].spec.identifier.substr(10)));
            }
            for (std::size_t page = 0; page < listing_posts / page_posts; ++page)
                for (const auto& [job, listing] : open) submit(job, listing, page);
            for (const auto& [job, listing] : open) finish(job);
        }
        writer_->perform(end_run{run_, "complete", moment(label_)});
        std::promise<void> durable;
        writer_->flush([&](const std::exception_ptr&) { durable.set_value(); });
        durable.get_future().get();
        if (writer_->failure()) std::rethrow_exception(writer_->failure());
        wall_ = progress_.wall();
        cpu_ = cpu_of("unipile-store") - cpu0;
        commits_ = writer_->commits();
        writer_->close();
    }

    std::uint64_t bytes() const { return bytes_; }
    void print(const char* name) const
    {
        const auto pages = static_cast<double>(posts_) / page_posts;
        std::printf("\"%s\":{\"posts\":%zu,\"new\":%zu,\"wall\":%.3f,\"cpu_ms_page\":%.4f,\"commits\":%llu,", name,
                    posts_, new_, wall_, 1000 * cpu_ / pages, static_cast<unsigned long long>(commits_));
        progress_.print();
        std::printf("\"json\":%llu}", static_cast<unsigned long long>(bytes_));
    }

private:
    std::size_t listings() const { return (posts_ + listing_posts - 1) / listing_posts; }

    void submit(std::int64_t job, std::size_t listing, std::size_t page)
    {
        const auto texts = std::make_shared<page_texts>();
        page_write write;
        write.job = job;
        write.now = moment(label_);
        write.requests = 1;
        write.position = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" + std::to_string(page);
        for (std::size_t i = 0; i < page_posts; ++i) {
            auto& p = texts->posts[i];
            make_.make(listing * listing_posts + page * page_posts + i, p);
            bytes_ += p.json.size();
            write.posts.emplace_back("LINKEDIN", p.id, moment(0), p.json);
        }
        save_account ledger;
        ledger.row.account = account(listing);
        ledger.row.ledger = "a ledger of a hundred characters, as short as most of them are; it changes each time " +
                            std::to_string(bytes_);
        store_work work;
        work.operations.emplace_back(std::move(ledger));
        work.operations.emplace_back(std::move(write));
        work.applied = [this, texts](const std::exception_ptr& failure, std::vector<operation_result>& results) {
            if (failure) return;
            new_ += result_of<page_write>(std::move(results.back())).added;
            progress_.stored(page_posts);
        };
        writer_->submit(std::move(work));
    }

    void finish(std::int64_t job)
    {
        job_end end;
        end.job = job;
        end.reason = end_reason::null_cursor;
        end.now = moment(label_);
        store_work work;
        work.operations.emplace_back(std::move(end));
        writer_->submit(std::move(work));
    }

    const post_maker make_;
    std::size_t posts_, label_;
    std::unique_ptr<store_writer> writer_;
    std::int64_t run_ = 0;
    std::uint64_t bytes_ = 0, commits_ = 0;
    double wall_ = 0, cpu_ = 0;
    // Of the writer's thread.
    std::size_t new_ = 0;
    tenths progress_;
};

void measure_feed(const std::string& name, std::size_t posts, std::size_t again)
{
    const std::uint64_t before = written();
    std::printf("{");
    std::uint64_t bytes = 0;
    {
        feed first(name, posts, 1);
        first.run();
        bytes = first.bytes();
        first.print("first");
    }
    std::printf(",\"json\":%llu,\"written\":%llu,\"rss_kb\":%lu", static_cast<unsigned long long>(bytes),
                static_cast<unsigned long long>(written() - before), benchmark::peak_rss_kb());
    if (again > 0) {
        std::printf(",");
        feed second(name, std::min(posts, again), 2);
        second.run();
        second.print("again");
    }
    std::printf("}\n");
}

void measure_bare(const std::string& file, std::size_t posts)
{
    const std::uint64_t before = written();
    const post_maker make;
    auto inserts = std::make_unique<benchmark::bare_inserts>(file);
    tenths progress(posts);
    std::uint64_t bytes = 0;
    std::size_t group = 0;
    benchmark::post_text p;
    for (std::size_t i = 0; i < posts; ++i) {
        if (group == 0) inserts->begin();
        make.make(i, p);
        inserts->insert(p);
        bytes += p.json.size();
        group += p.json.size();
        if (group >= group_bytes || i + 1 == posts) {
            inserts->commit();
            group = 0;
        }
        progress.stored(1);
    }
    const double wall = progress.wall();
    inserts.reset();
    std::printf("{\"first\":{\"posts\":%zu,\"wall\":%.3f,", posts, wall);
    progress.print();
    std::printf("\"json\":%llu},\"json\":%llu,\"written\":%llu,\"rss_kb\":%lu}\n",
                static_cast<unsigned long long>(bytes), static_cast<unsigned long long>(bytes),
                static_cast<unsigned long long>(written() - before), benchmark::peak_rss_kb());
}

// For peers in other languages: a post in each line.
void write_texts(const std::string& file, std::size_t posts)
{
    const post_maker make;
    std::ofstream out(file);
    benchmark::post_text p;
    for (std::size_t i = 0; i < posts; ++i) {
        make.make(i, p);
        out << p.json << '\n';
    }
    if (!out.flush()) throw std::runtime_error("can't write " + file);
}

}  // namespace

int main(int argc, char** argv)
{
    const std::string what = argc > 3 ? argv[1] : "";
    try {
        if (what == "feed" && argc == 5)
            measure_feed(argv[2], std::stoul(argv[3]), std::stoul(argv[4]));
        else if (what == "bare" && argc == 4)
            measure_bare(argv[2], std::stoul(argv[3]));
        else if (what == "texts" && argc == 4)
            write_texts(argv[2], std::stoul(argv[3]));
        else
            throw std::runtime_error("usage: bench_growth feed STORE POSTS AGAIN | bare FILE POSTS | texts FILE POSTS");
    } catch (const std::exception& e) {
        std::fprintf(stderr, "bench_growth: %s\n", e.what());
        return 1;
    }
    return 0;
}
