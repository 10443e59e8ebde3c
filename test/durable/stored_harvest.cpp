#include "durable/stored_harvest.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <future>
#include <utility>

namespace unipile::durable {

/// For tests: a handle on a core of their own.
struct access {
    static std::unique_ptr<store::harvester> handle(std::shared_ptr<harvester_core> core)
    {
        return std::unique_ptr<store::harvester>(new store::harvester(std::move(core)));
    }
};

}  // namespace unipile::durable

namespace unipile::test {
namespace {

/// Passes everything on to another store, until one operation or commit fails: from then on the store is closed.
class failing_store final : public store::engine {
public:
    failing_store(std::unique_ptr<store::engine> inner, std::shared_ptr<std::size_t> calls,
                  std::optional<std::size_t> at)
        : inner_(std::move(inner)), calls_(std::move(calls)), fail_at_(at)
    {}

    std::vector<store::operation_result> apply(std::span<const store::operation> operations) override
    {
        return on(operations.size()).apply(operations);
    }
    void commit() override { on(1).commit(); }
    std::size_t uncommitted_bytes() const noexcept override { return inner_ ? inner_->uncommitted_bytes() : 0; }
    bool in_transaction() const noexcept override { return inner_ && inner_->in_transaction(); }

private:
    store::engine& on(std::size_t calls)
    {
        if (inner_ && fail_at_ && *calls_ + calls > *fail_at_) {
            inner_.reset();
            throw store::store_error(store::store_errc::io_error, "posts.db", "the test says so");
        }
        if (!inner_) throw store::store_error(store::store_errc::closed, "posts.db", "it has failed before");
        *calls_ += calls;
        return *inner_;
    }

    std::unique_ptr<store::engine> inner_;
    std::shared_ptr<std::size_t> calls_;
    std::optional<std::size_t> fail_at_;
};

std::unique_ptr<store::engine> open(const stored_world& world)
{
    store::sqlite_options options;
    options.full_sync = false;
    return store::open_sqlite(world.folder.file(), options);
}

}  // namespace

answer listing_of(const asked& request, std::size_t total, std::size_t size)
{
    const auto number = request.cursor.empty() ? 0 : std::stoul(request.cursor.substr(1));
    const auto last = std::min(total, (number + 1) * size);
    std::vector<std::string> items;
    for (auto n = number * size; n < last; ++n) items.push_back(item(request.identifier + "-" + std::to_string(n)));
    return {.body = page(items, last == total ? std::string("null") : "\"c" + std::to_string(number + 1) + "\"")};
}

std::vector<std::string> ids_of(const std::string& identifier, std::size_t total)
{
    std::vector<std::string> ids;
    ids.reserve(total);
    for (std::size_t n = 0; n < total; ++n) ids.push_back(identifier + "-" + std::to_string(n));
    return ids;
}

answer ten_each(std::size_t, const asked& request) { return listing_of(request, 25, 10); }

stored_world two_accounts(script answers)
{
    return {std::move(answers), {spec_of(0, "w"), spec_of(0, "x"), spec_of(1, "y"), spec_of(1, "z")}};
}

store::job_spec spec_of(std::size_t account, std::string identifier)
{
    return {"a" + std::to_string(account), std::move(identifier), false};
}

store::harvester_options durably()
{
    store::harvester_options o;
    o.limit = 10;
    o.harvest = quickly();
    o.harvest.pace->windows = {{10'000, std::chrono::hours(24)}};
    return o;
}

std::vector<std::string> stored_world::stored_ids() const
{
    std::vector<std::string> ids;
    reader()->posts({}, [&](const store::stored_post& p) {
        ids.emplace_back(p.id);
        return true;
    });
    std::sort(ids.begin(), ids.end());
    return ids;
}

stored_harvest::stored_harvest(stored_world& world, store::harvester_options options,
                               std::optional<std::size_t> fail_at,
                               const std::function<void(store::engine&, std::int64_t run)>& prepare)
    : scripted(context.get_executor(), world.answers, impatient())
{
    auto engine = open(world);
    run_number = engine->perform(store::begin_run{world.request, wall_now()}).run;
    engine->perform(store::add_jobs{run_number, world.jobs});
    if (prepare) prepare(*engine, run_number);
    engine->commit();
    engine = std::make_unique<failing_store>(std::move(engine), calls_, fail_at);
    if (world.wrap) engine = world.wrap(std::move(engine));
    writer = std::make_unique<store::store_writer>(std::move(engine));
    const auto with_time = [this](client& api, std::unique_ptr<job_source> source, harvest_options o) {
        return unipile::harvest::begin(api, std::shared_ptr<job_source>(std::move(source)), std::move(o), time);
    };
    auto api = detail::access::make<client>(context.get_executor(), scripted.core);
    harvester = durable::access::handle(
        durable::harvester_core::make(std::move(api), *writer, run_number, std::move(options), with_time));
}

stored_harvest::~stored_harvest() = default;

void stored_harvest::begin()
{
    harvester->async_run([this](boost::system::error_code code) { result = code; });
}

/// Everything that was submitted is done and committed, and its handlers are posted. True if there were any.
bool stored_harvest::wait_for_store()
{
    std::promise<void> done;
    writer->flush([&done](const std::exception_ptr&) { done.set_value(); });
    done.get_future().wait();
    return context.poll_one() > 0;
}

bool stored_harvest::step()
{
    context.restart();
    if (context.poll_one() > 0 || wait_for_store()) return true;
    if (time->is_waited_for()) {
        time->advance();
        return true;
    }
    context.restart();
    return !result && context.run_one() > 0;
}

void stored_harvest::settle()
{
    do context.restart();
    while (context.poll_one() > 0 || wait_for_store());
}

void stored_harvest::run()
{
    begin();
    while (!result && step()) {
    }
    settle();
    BOOST_TEST_REQUIRE(result.has_value());
}

store::job_counts stored_harvest::counts() { return writer->perform(store::count_jobs{run_number}); }

std::uint64_t stored_harvest::claimed()
{
    const std::uint64_t queued = counts().queued;
    std::uint64_t free = 0;
    for (const std::string& account : writer->perform(store::accounts_with_jobs{run_number, "", queued, wall_now()}))
        for (const store::claimed_job& job :
             writer->perform(store::claim_jobs{run_number, account, queued, wall_now()}))
            free += writer->perform(store::release_job{job.job, std::nullopt}) ? 1 : 0;
    return queued - free;
}

}  // namespace unipile::test
