// Memory runs out at every allocation of a small session with a store's writer: it ends with an error or goes on, and
// what it called durable is durable.
#include "harness.hpp"
#include "store_work.hpp"

#include <unipile/store/async.hpp>
#include <unipile/store/writer.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <new>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace unipile;
using namespace unipile::store;
using namespace unipile::store::test;

namespace {

// Of the whole process: the allocations numbered `from` to `to`, counted from 1 while armed, fail.
std::atomic<long> allocations = 0, from = 0, to = 0;
std::atomic<bool> armed = false;

bool fails() noexcept
{
    if (!armed.load(std::memory_order_relaxed)) return false;
    const long n = ++allocations;
    return n >= from && n < to;
}

class failing {
public:
    failing(long first, long count) noexcept
    {
        allocations = 0;
        from = first;
        to = first + count;
        armed = true;
    }
    failing(const failing&) = delete;
    failing& operator=(const failing&) = delete;
    ~failing() { armed = false; }
};

}  // namespace

void* operator new(std::size_t size)
{
    if (fails()) throw std::bad_alloc();
    if (void* p = std::malloc(size == 0 ? 1 : size)) return p;
    throw std::bad_alloc();
}
void* operator new(std::size_t size, std::align_val_t alignment)
{
    if (fails()) throw std::bad_alloc();
    const auto a = static_cast<std::size_t>(alignment);
    if (void* p = std::aligned_alloc(a, (size + a - 1) / a * a)) return p;
    throw std::bad_alloc();
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }

namespace {

constexpr std::size_t pages = 6;

// Thousands of sessions; none of them loses its power.
sqlite_options unsynchronised()
{
    sqlite_options o;
    o.full_sync = false;
    return o;
}

// Everything that a session needs is made before memory runs out.
struct session {
    explicit session(const std::string& file) : engine(open_sqlite(file, unsynchronised())), job(one_job(*engine, "x"))
    {
        engine->commit();
        for (std::uint64_t i = 1; i <= pages; ++i) texts.push_back(page_of(job, "x", {i}, "p", at_second(1)));
        boost::asio::post(context, [this] { begin(); });
    }

    void begin()
    {
        writer_options options;
        // What was begun ends, even where what would have flushed it could not begin.
        options.group_delay = 1ms;
        writer.emplace(std::move(engine), options);
        for (std::size_t i = 0; i < pages; ++i) {
            ++begun;
            async_apply(*writer, context.get_executor(), std::move(texts[i]),
                        [this, i](boost::system::error_code ec, const page_result&) {
                            ++ended;
                            written[i] = !ec;
                        });
            ++started;
        }
        ++begun;
        async_apply_durably(*writer, context.get_executor(), read_tenant(),
                            [this](boost::system::error_code, const std::string&) { ++ended; });
        ++begun;
        async_flush(*writer, context.get_executor(), [this](boost::system::error_code ec) {
            ++ended;
            flushed = !ec;
            before_flush = written;
        });
        ++started;
    }

    std::unique_ptr<store::engine> engine;
    std::int64_t job = 0;
    std::vector<page_write> texts;
    boost::asio::io_context context;
    std::optional<store_writer> writer;
    std::size_t begun = 0, started = 0, ended = 0;
    std::array<bool, pages> written{}, before_flush{};
    bool flushed = false;
};

void run(session& s)
{
    for (;;) {
        try {
            s.context.run();
            break;
        } catch (const std::bad_alloc&) {
            // As a program would. An operation that could not begin has told its caller.
            if (s.begun > s.started) --s.begun;
        }
    }
    try {
        if (s.writer) s.writer->close();
    } catch (const std::exception&) {
        // The failure that the operations have reported.
    }
}

// False if memory ran out nowhere.
bool ends_without_memory(long first, long count)
{
    scratch folder;
    bool reached = false;
    std::set<std::string> durable;
    {
        session s(folder.file());
        {
            const failing here(first, count);
            run(s);
            reached = allocations >= first;
        }
        BOOST_REQUIRE_MESSAGE(s.ended == s.begun, "allocation " << first << ": " << s.ended << " of " << s.begun);
        if (s.flushed)
            for (std::size_t i = 0; i < pages; ++i)
                if (s.before_flush[i]) durable.insert("x-" + std::to_string(i + 1));
        if (!reached) BOOST_TEST(durable.size() == pages);
        s.writer.reset();
    }
    const auto there = held(folder.file());
    BOOST_REQUIRE_MESSAGE(std::includes(there.begin(), there.end(), durable.begin(), durable.end()),
                          "allocation " << first << " lost what was durable");
    return reached;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(memory)

BOOST_AUTO_TEST_CASE(each_allocation_fails_once)
{
    long k = 1;
    while (ends_without_memory(k, 1)) ++k;
    BOOST_TEST(k > 50);
}

BOOST_AUTO_TEST_CASE(some_in_a_row_fail)
{
    long k = 1;
    while (ends_without_memory(k, 4)) k += 3;
    BOOST_TEST(k > 50);
}

BOOST_AUTO_TEST_SUITE_END()
