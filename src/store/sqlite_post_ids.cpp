#include "store/sqlite_post_ids.hpp"

#include <unipile/store/fingerprint.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <string>

namespace unipile::store {

namespace {

// Entries before a run begins. A run changes nearly every page of the table if it has more entries than that has pages,
// so it is to be long beside the table; but its entries take memory.
constexpr std::uint64_t shortest_run = 64 * 1024;
constexpr std::uint64_t longest_run = 512 * 1024;
constexpr std::uint64_t share_of_table = 8;

// Entries that a commit merges at least, which takes a few milliseconds.
constexpr std::size_t least_merged = 4'096;

constexpr std::uint64_t words_per_block = 8;
constexpr std::uint64_t numbers_per_block = 64;  // with eight bits for each
constexpr std::uint64_t first_filter = 128 * 1024;
constexpr std::uint64_t growth = 2;

// The four bits of a number in its block.
template <class F>
bool each_bit(std::uint64_t number, F f)
{
    std::uint64_t rest = number * 0x9e3779b97f4a7c15ULL;
    for (int i = 0; i < 4; ++i, rest >>= 9) {
        const std::uint64_t bit = rest & 511;
        if (!f(bit / 64, std::uint64_t{1} << (bit % 64))) return false;
    }
    return true;
}

std::size_t block_of(std::uint64_t number, std::size_t words) noexcept
{
    const std::uint64_t blocks = words / words_per_block;
    return static_cast<std::size_t>(((number >> 32) * blocks) >> 32) * words_per_block;
}

}  // namespace

std::int64_t id_number(std::string_view provider, std::string_view id)
{
    std::array<char, 128> few;  // enough for nearly all
    std::string many;
    const std::size_t size = provider.size() + 1 + id.size();
    if (size > few.size()) many.resize(size);
    char* const both = size > few.size() ? many.data() : few.data();
    provider.copy(both, provider.size());
    both[provider.size()] = '\n';
    id.copy(both + provider.size() + 1, id.size());
    return static_cast<std::int64_t>(hash_of_bytes({both, size})[0]);
}

void number_filter::add(std::int64_t number)
{
    if (parts_.empty() || parts_.back().room == 0) {
        const std::uint64_t blocks = parts_.empty()
                                         ? std::max(first_filter, expected_ + expected_ / 4) / numbers_per_block
                                         : growth * parts_.back().words.size() / words_per_block;
        part p;
        p.words.resize(static_cast<std::size_t>(blocks * words_per_block));
        p.room = blocks * numbers_per_block;
        parts_.push_back(std::move(p));
    }
    part& p = parts_.back();
    --p.room;
    const auto bits = static_cast<std::uint64_t>(number);
    const std::size_t block = block_of(bits, p.words.size());
    each_bit(bits, [&](std::uint64_t word, std::uint64_t bit) {
        p.words[block + word] |= bit;
        return true;
    });
}

bool number_filter::may_have(std::int64_t number) const noexcept
{
    const auto bits = static_cast<std::uint64_t>(number);
    return std::any_of(parts_.begin(), parts_.end(), [bits](const part& p) {
        const std::size_t block = block_of(bits, p.words.size());
        return each_bit(bits,
                        [&](std::uint64_t word, std::uint64_t bit) { return (p.words[block + word] & bit) != 0; });
    });
}

post_ids::post_ids(connection& db)
    : db_(db),
      find_(db, "SELECT post FROM post_ids WHERE number = ?"),
      add_(db, "INSERT INTO new_post_ids(post, number) VALUES(?, ?)"),
      merge_(db, "INSERT INTO post_ids(number, post) VALUES(?, ?) ON CONFLICT DO NOTHING"),
      forget_(db, "DELETE FROM new_post_ids WHERE post > ? AND post <= ?")
{}

const std::vector<std::int64_t>& post_ids::rows(std::int64_t number)
{
    load();
    found_.clear();
    if (const auto at = recent_.find(number); at != recent_.end()) {
        found_.push_back(at->second);
        for (const entry& e : twins_)
            if (e.number == number) found_.push_back(e.post);
    }
    const auto from = run_.begin() + static_cast<std::ptrdiff_t>(merged_);
    const auto before = [](const entry& e, std::int64_t n) { return e.number < n; };
    for (auto at = std::lower_bound(from, run_.end(), number, before); at != run_.end() && at->number == number; ++at)
        found_.push_back(at->post);
    if (table_size_ == 0 || (filter_ && !filter_->may_have(number))) return found_;
    find_.bind(1, number);
    const running scope(find_);
    const std::size_t in_memory = found_.size();
    while (find_.step()) found_.push_back(find_.integer(0));
    if (found_.size() == in_memory && !filter_ && ++vain_searches_ > table_size_ / 64) fill_filter();
    return found_;
}

void post_ids::add(std::int64_t number, std::int64_t post)
{
    load();
    add_.bind(1, post).bind(2, number).run();
    if (!recent_.emplace(number, post).second) twins_.push_back({number, post});
    ++added_;
}

// Reads what an earlier process has gathered. Some of it may be in the table already, which does no harm.
void post_ids::load()
{
    if (loaded_) return;
    loaded_ = true;
    if (db_.number("SELECT EXISTS(SELECT 1 FROM post_ids)") != 0)
        table_size_ = static_cast<std::uint64_t>(std::max(db_.number("SELECT max(post) FROM posts"), std::int64_t{1}));
    else
        filter_.emplace();
    statement gathered(db_, "SELECT number, post FROM new_post_ids");
    while (gathered.step()) {
        const entry e{gathered.integer(0), gathered.integer(1)};
        if (!recent_.emplace(e.number, e.post).second) twins_.push_back(e);
    }
}

// A search in a large table costs more than all else for a post, and most posts of a first harvest are new. Reading
// the whole table pays for itself once some per cent of it were searched in vain.
void post_ids::fill_filter()
{
    number_filter filter(table_size_);
    statement all(db_, "SELECT number FROM post_ids");
    while (all.step()) filter.add(all.integer(0));
    filter_ = std::move(filter);
}

void post_ids::merge_some()
{
    if (!loaded_) return;
    const std::size_t count = std::max(least_merged, 4 * added_);
    added_ = 0;
    if (forgotten_) return forget_merged(static_cast<std::int64_t>(count));
    if (!run_.empty()) return merge(count);
    if (recent_.size() >= std::clamp(table_size_ / share_of_table, shortest_run, longest_run)) begin_run();
}

void post_ids::begin_run()
{
    std::vector<entry> run;
    run.reserve(recent_.size() + twins_.size());
    for (const auto& [number, post] : recent_) run.push_back({number, post});
    run.insert(run.end(), twins_.begin(), twins_.end());
    std::sort(run.begin(), run.end(), [](const entry& a, const entry& b) { return a.number < b.number; });
    last_of_run_ = 0;
    for (const entry& e : run) last_of_run_ = std::max(last_of_run_, e.post);
    run_ = std::move(run);
    merged_ = 0;
    recent_ = {};
    twins_.clear();
}

void post_ids::merge(std::size_t count)
{
    const std::size_t end = merged_ + std::min(count, run_.size() - merged_);
    for (; merged_ < end; ++merged_) {
        const entry& e = run_[merged_];
        merge_.bind(1, e.number).bind(2, e.post).run();
        if (filter_) filter_->add(e.number);
        ++table_size_;
    }
    if (merged_ < run_.size()) return;
    run_ = {};
    merged_ = 0;
    forgotten_ = db_.number("SELECT coalesce(min(post), 0) FROM new_post_ids") - 1;
}

void post_ids::forget_merged(std::int64_t count)
{
    const std::int64_t to = std::min(*forgotten_ + count, last_of_run_);
    forget_.bind(1, *forgotten_).bind(2, to).run();
    forgotten_ = to;
    if (to == last_of_run_) forgotten_.reset();
}

}  // namespace unipile::store
