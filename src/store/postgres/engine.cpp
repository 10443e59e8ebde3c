#include "store/postgres/engine.hpp"

#include "store/postgres/schema.hpp"
#include "store/postgres/statements.hpp"
#include "store/postgres/transaction.hpp"

#include <algorithm>
#include <new>
#include <optional>
#include <thread>
#include <utility>

namespace unipile::store::postgres {

namespace {

using std::chrono::milliseconds;

// The hook is called for a statement that takes longer.
constexpr milliseconds usual_time{5'000};
constexpr milliseconds longest_pause{1'000};
constexpr milliseconds between_questions{100};

lease_options leases_of(const lease_times& times)
{
    lease_options o;
    o.beat_every = times.beat_every;
    o.hold_for = times.hold_for;
    o.take_after = times.take_after;
    check(o);
    return o;
}

}  // namespace

postgres_engine::postgres_engine(const std::string& text, const postgres_options& options,
                                 std::size_t withdrawn_at_once)
    : options_(options), where_(text), db_(where_, with_hook()), withdrawn_at_once_(withdrawn_at_once)
{
    const lease_options leases = leases_of(options.leases);
    const store_format format = open_tables(leases);
    if (options_.access == access::control) return;
    me_ = std::make_unique<worker>(db_, where_, format, options_);
    enter();
}

store_format postgres_engine::open_tables(const lease_options& leases)
{
    connect(clock::now() + std::min(options_.patience, options_.first_patience));
    was_reached_ = true;
    repetition r{clock::now() + options_.patience};
    for (;;) {
        connect(r.until);
        try {
            const store_format format = read_format(db_);
            if (format.version == schema_version || (format.version > 0 && options_.access == access::control))
                return format;
            if (format.version > 0) return upgrade_tables(db_);
            if (!options_.create || options_.access == access::control)
                throw store_error(store_errc::nothing_stored, db_.name());
            return make_tables(db_, leases);
        } catch (const database_error& e) {
            prepare_repetition(e, r);
        }
    }
}

void postgres_engine::enter()
{
    std::optional<repetition> r;
    for (;;) {
        try {
            return me_->enter();
        } catch (const database_error& e) {
            if (!r) r.emplace(repetition{clock::now() + options_.patience});
            db_.reset();
            prepare_repetition(e, *r);
        }
        connect(r->until);
    }
}

connection_options postgres_engine::with_hook()
{
    connection_options o;
    o.while_waiting = [this](milliseconds waited) {
        if (!options_.while_waiting || (!connecting_ && waited < usual_time)) return true;
        waiting w;
        w.what = was_reached_ ? waiting::reason::server : waiting::reason::contact;
        w.waited = waited;
        w.longest = was_reached_ ? options_.patience : std::min(options_.patience, options_.first_patience);
        if (connecting_) w.why = db_.trouble();
        return options_.while_waiting(w);
    };
    return o;
}

void postgres_engine::connect(clock::time_point until)
{
    connecting_ = true;
    const auto left = std::chrono::duration_cast<milliseconds>(until - clock::now());
    try {
        db_.connect(std::max(left, milliseconds(0)));
    } catch (...) {
        connecting_ = false;
        throw;
    }
    connecting_ = false;
}

std::vector<operation_result> postgres_engine::apply(std::span<const operation> operations)
{
    if (failed_) throw store_error(store_errc::closed, db_.name(), failure_);
    try {
        if (me_) me_->refuse_if_over();
        std::vector<operation_result> results = apply_in_parts(operations);
        if (me_) me_->share().end();
        return results;
    } catch (const std::exception& e) {
        failed_ = true;
        failure_ = e.what();
        if (dynamic_cast<const std::bad_alloc*>(&e)) throw store_error(store_errc::out_of_memory, db_.name());
        refuse_if_upgraded(e);
        throw;
    }
}

// A statement may fail because the tables are those of a newer program by now.
void postgres_engine::refuse_if_upgraded(const std::exception& why)
{
    const auto* error = dynamic_cast<const database_error*>(&why);
    if (error == nullptr || !error->sqlstate().starts_with("42")) return;
    try {
        read_format(db_);
    } catch (const database_error&) {
    }
}

void postgres_engine::commit()
{
    if (failed_) throw store_error(store_errc::closed, db_.name(), failure_);
}

// Divides the operations until the one is found whose values the database refuses. The end of an import takes
// transactions of its own.
std::vector<operation_result> postgres_engine::apply_in_parts(std::span<const operation> operations)
{
    if (operations.empty()) return {};
    const auto ends_import = [](const operation& op) { return std::holds_alternative<end_import>(op); };
    if (operations.size() == 1 && ends_import(operations.front())) return end_import_in_parts(operations.front());
    std::size_t first = operations.size() / 2;
    if (const auto end = std::find_if(operations.begin(), operations.end(), ends_import); end != operations.end()) {
        first = std::max<std::size_t>(1, static_cast<std::size_t>(end - operations.begin()));
    } else {
        try {
            return apply_whole(operations);
        } catch (const database_error& e) {
            if (e.kind() != error_kind::data) throw;
            if (operations.size() == 1) {
                if (const auto* page = std::get_if<page_write>(&operations.front())) return fail_page(*page, e);
                throw;
            }
        }
    }
    std::vector<operation_result> results = apply_in_parts(operations.first(first));
    for (operation_result& r : apply_in_parts(operations.subspan(first))) results.push_back(std::move(r));
    return results;
}

std::vector<operation_result> postgres_engine::end_import_in_parts(const operation& op)
{
    std::uint64_t withdrawn = 0;
    do withdrawn += std::get<std::uint64_t>(apply_whole({&op, 1}).front());
    while (memory_.withdrawn_to());
    std::vector<operation_result> results;
    results.emplace_back(withdrawn);
    return results;
}

// The job is over, and nothing of the page is stored.
std::vector<operation_result> postgres_engine::fail_page(const page_write& page, const database_error& why)
{
    job_end end;
    end.job = page.job;
    end.reason = end_reason::failed;
    end.failure = why.what();
    end.failure_type = "value refused by the database";
    end.requests = page.requests;
    end.now = page.now;
    const operation op(std::move(end));
    apply_whole({&op, 1});
    page_result result;
    result.next.what = step::kind::not_claimed;
    std::vector<operation_result> results;
    results.emplace_back(std::move(result));
    return results;
}

std::vector<operation_result> postgres_engine::apply_whole(std::span<const operation> operations)
{
    repetition r{clock::now() + options_.patience};
    for (;;) {
        connect(r.until);
        if (me_) begin_try();
        transaction t(db_);
        batch b(t, memory_, me_ ? &view_ : nullptr, options_.rules, db_.name());
        b.withdraw_at_once(withdrawn_at_once_);
        if (me_) b.ask_for_leaves([this](std::size_t count) { return me_->share().accounts_to_leave(count); });
        const auto committed = [&] {
            if (me_) me_->share().note_committed(view_, b.fences(), b.moves());
            memory_.keep();
        };
        std::vector<operation_result> results;
        try {
            results = b.work(operations);
            if (me_) view_.note_tried(b.fences());
            t.commit();
            committed();
            return results;
        } catch (const fence_missed&) {
            // Other fences of the transaction may have taken effect, and would seem to be committed.
            t.roll_back();
            memory_.undo();
            look_again(b.fences(), r);
        } catch (const database_error& e) {
            if (e.kind() == error_kind::lost && t.may_be_committed() && has_arrived(b.fences(), r)) {
                committed();
                return results;
            }
            t.roll_back();
            memory_.undo();
            prepare_repetition(e, r);
        } catch (...) {
            memory_.undo();
            throw;
        }
    }
}

void postgres_engine::begin_try()
{
    const std::uint64_t before = view_.version;
    me_->share().end();
    me_->share().begin(view_);
    if (view_.version != before) memory_.forget_open();
}

// Throws unless the transaction is to be repeated.
void postgres_engine::prepare_repetition(const database_error& why, repetition& r)
{
    const bool passes = why.kind() == error_kind::again || why.kind() == error_kind::lost;
    if (!passes || clock::now() >= r.until) throw why;
    pause(r);
}

// Waits before a repetition, unless the caller of the engine ends the wait.
void postgres_engine::pause(repetition& r) const
{
    const auto end = clock::now() + r.pause;
    for (auto now = clock::now(); now < end; now = clock::now()) {
        waiting w;
        w.waited = std::chrono::duration_cast<milliseconds>(now - r.began);
        w.longest = options_.patience;
        if (options_.while_waiting && !options_.while_waiting(w))
            throw store_error(store_errc::interrupted, db_.name());
        std::this_thread::sleep_until(std::min(end, now + between_questions));
    }
    r.pause = std::min(2 * r.pause, longest_pause);
}

// A fence was missed: throws unless the transaction is to be repeated.
void postgres_engine::look_again(const fence_set& tried, repetition& r)
{
    try {
        // Otherwise a try of before would have waited for no lock, or another process has this worker's id.
        if (look_at(tried, r)) refuse(fence_verdict::lost);
        me_->refuse_if_over();
    } catch (const database_error& e) {
        return prepare_repetition(e, r);
    }
    if (clock::now() >= r.until) throw store_error(store_errc::conflict, db_.name());
    pause(r);
}

// Finds out whether a transaction of unknown outcome was committed.
bool postgres_engine::has_arrived(const fence_set& tried, repetition& r)
{
    if (tried.empty()) return false;
    for (;;) {
        try {
            connect(r.until);
            if (!look_at(tried, r)) return false;
            // With a synchronous standby, another commit shows that the earlier one is on both.
            std::vector<query> beat;
            beat.emplace_back("UPDATE unipile.workers SET at = clock_timestamp() WHERE worker = $1::uuid");
            beat.back().add(std::string_view(view_.text));
            run_transaction(db_, std::move(beat));
            return true;
        } catch (const database_error& e) {
            prepare_repetition(e, r);
        }
    }
}

// Reads the fences' rows under locks, which waits for the end of the transaction in question. Returns true if it was
// committed. Otherwise it can be repeated, with what is left of the share.
bool postgres_engine::look_at(const fence_set& tried, repetition& r)
{
    array numbers(type_id::bigint);
    for (const bucket_fence& f : tried.buckets) numbers.add(f.bucket);
    query buckets(
        "SELECT bucket, owner::text, epoch, seq FROM unipile.buckets WHERE bucket = ANY ($1) ORDER BY bucket "
        "FOR UPDATE");
    buckets.add(std::move(numbers));
    query own("SELECT seq FROM unipile.batches WHERE worker = $1::uuid FOR UPDATE");
    own.add(std::string_view(view_.text));
    query life("SELECT 1 FROM unipile.workers WHERE worker = $1::uuid AND state = 0");
    life.add(std::string_view(view_.text));
    std::vector<query> look;
    for (query* q : {&buckets, &own, &life}) look.push_back(std::move(*q));
    const std::vector<rows> found = run_transaction(db_, std::move(look), "ROLLBACK");
    std::vector<fence_verdict> verdicts;
    std::vector<bucket_row> rows_found;
    for (const bucket_fence& f : tried.buckets) {
        bucket_row row;
        for (int i = 0; i < found[0].count(); ++i) {
            if (found[0].integer(i, 0) != f.bucket) continue;
            row.bucket = f.bucket;
            row.owner = worker_id::parse(found[0].text(i, 1)).value_or(worker_id{});
            row.epoch = static_cast<std::uint64_t>(found[0].integer(i, 2));
            row.seq = static_cast<std::uint64_t>(found[0].integer(i, 3));
        }
        rows_found.push_back(row);
        verdicts.push_back(judge(row, view_.id, f));
    }
    if (tried.own) {
        bucket_row row;
        if (found[1].count() == 1) row = {0, view_.id, 0, static_cast<std::uint64_t>(found[1].integer(0, 0))};
        rows_found.push_back(row);
        // A worker that was taken for dead commits no further transaction.
        fence_verdict v = judge(row, view_.id, *tried.own);
        if (v == fence_verdict::again && found[2].count() == 0) v = fence_verdict::lost;
        verdicts.push_back(v);
    }
    if (me_->share().is_alone()) {
        const fence_verdict one = one_of(verdicts);
        if (one == fence_verdict::arrived) return true;
        refuse(one);
        return false;
    }
    return follow(verdicts, tried, rows_found, r);
}

// All fences of a transaction took effect, or none.
fence_verdict postgres_engine::one_of(const std::vector<fence_verdict>& verdicts)
{
    const auto has = [&](fence_verdict v) { return std::find(verdicts.begin(), verdicts.end(), v) != verdicts.end(); };
    if (has(fence_verdict::lost)) return fence_verdict::lost;
    if (has(fence_verdict::commits_lost)) return fence_verdict::commits_lost;
    if (has(fence_verdict::again) && has(fence_verdict::arrived)) return fence_verdict::commits_lost;
    return verdicts.front();
}

// The same for one of several workers, which goes on without what it has lost. Returns true if the transaction was
// committed: a bucket may have been lost since.
bool postgres_engine::follow(const std::vector<fence_verdict>& verdicts, const fence_set& tried,
                             const std::vector<bucket_row>& found, repetition& r)
{
    const auto has = [&](fence_verdict v) { return std::find(verdicts.begin(), verdicts.end(), v) != verdicts.end(); };
    for (std::size_t i = 0; i < tried.buckets.size(); ++i) {
        const bucket_number bucket = tried.buckets[i].bucket;
        if (verdicts[i] == fence_verdict::lost) me_->share().lose(view_, bucket);
        if (verdicts[i] == fence_verdict::commits_lost) me_->share().rewind(view_, bucket, found[i].seq);
    }
    if (has(fence_verdict::arrived)) return true;
    if (tried.own && verdicts.back() == fence_verdict::commits_lost) me_->share().rewind_own(view_, found.back().seq);
    if (tried.own && verdicts.back() == fence_verdict::lost) {
        // The worker's thread begins another life.
        if (clock::now() >= r.until) refuse(fence_verdict::lost);
        pause(r);
    }
    return false;
}

// Throws unless the transaction is to be repeated.
void postgres_engine::refuse(fence_verdict verdict)
{
    switch (verdict) {
        case fence_verdict::again: return;
        case fence_verdict::lost:
        case fence_verdict::arrived:
            read_format(db_);  // throws if that was a newer program
            throw store_error(store_errc::in_use, db_.name(), "another worker has taken over accounts of this one");
        case fence_verdict::commits_lost: throw lost_commits(db_.name());
    }
}

std::unique_ptr<engine> open_postgres(const std::string& conninfo, const postgres_options& options)
{
    return std::make_unique<postgres_engine>(conninfo, options);
}

}  // namespace unipile::store::postgres
