// Which row a post has.
#pragma once

#include "store/sqlite_connection.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace unipile::store {

/// Returns the number by which a post is found. Stores hold it, so it is the same for ever.
std::int64_t id_number(std::string_view provider, std::string_view id);

/// Says of most numbers that are not in a set that they are not. Takes one to two bytes a number.
class number_filter {
public:
    /// `expected`: how many numbers it gets at once.
    explicit number_filter(std::uint64_t expected = 0) : expected_(expected) {}
    void add(std::int64_t number);
    /// Returns false only if it was not added.
    bool may_have(std::int64_t number) const noexcept;

private:
    struct part {
        std::vector<std::uint64_t> words;  // blocks of eight, each in one line of the cache
        std::uint64_t room = 0;            // numbers that may still be added
    };
    std::uint64_t expected_;
    std::vector<part> parts_;
};

/// The posts of a store by their ids. In an index over all ids nearly every new post would change a page of its own,
/// and each commit writes that page as a whole. So the large table, `post_ids`, gets its entries in sorted runs, which
/// change each page once for many posts. Until then they are in `new_post_ids`, in the order of their rows, and in
/// memory: half a million, and what comes while these are merged.
///
/// Changes belong to the transaction of the connection. After it was rolled back the object is of no use any more.
class post_ids {
public:
    explicit post_ids(connection& db);

    /// Returns the rows of the posts with this number, nearly always one or none. Another post may have the same
    /// number, and a row may be there twice. Valid until the next call.
    const std::vector<std::int64_t>& rows(std::int64_t number);
    void add(std::int64_t number, std::int64_t post);
    /// Moves some entries on to the large table. Called before each commit.
    void merge_some();

private:
    struct entry {
        std::int64_t number;
        std::int64_t post;
    };

    void load();
    void fill_filter();
    void begin_run();
    void merge(std::size_t count);
    void forget_merged(std::int64_t count);

    connection& db_;
    bool loaded_ = false;
    boost::unordered_flat_map<std::int64_t, std::int64_t> recent_;
    std::vector<entry> twins_;  // of `recent_`, with a number that is in it already

    std::vector<entry> run_;                 // sorted, being merged
    std::size_t merged_ = 0;                 // entries of it that are in the table
    std::int64_t last_of_run_ = 0;           // its last post
    std::optional<std::int64_t> forgotten_;  // posts of a merged run up to here have left `new_post_ids`

    std::size_t added_ = 0;                // since the last commit
    std::optional<number_filter> filter_;  // of the table
    std::uint64_t table_size_ = 0;
    std::uint64_t vain_searches_ = 0;

    std::vector<std::int64_t> found_;
    statement find_, add_, merge_, forget_;
};

}  // namespace unipile::store
