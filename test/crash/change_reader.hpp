// A reader of a store's changes, which is killed again and again.
#pragma once

#include "support/postgres_server.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstdint>
#include <iostream>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>

/// Follows the table `changes` on a thread of its own, with a place in each bucket, which it keeps only sometimes: when
/// it dies, it begins again where it has kept its places last.
class change_reader {
public:
    explicit change_reader(const unipile::test::postgres_server& database, std::uint64_t seed)
        : database_(database), dice_(seed), thread_([this] { read_on(); })
    {}
    ~change_reader() { stop(); }
    change_reader(const change_reader&) = delete;
    change_reader& operator=(const change_reader&) = delete;

    /// Reads the rest, and checks that each change was delivered, in the order of its bucket, and each post changed.
    void check()
    {
        stop();
        places_ = kept_;
        while (read() > 0) kept_ = places_;
        const auto all = database_.sql("SELECT bucket, seq, n FROM unipile.changes");
        std::size_t missing = 0;
        for (const auto& row : all) missing += delivered_.contains(key_of(row)) ? 0 : 1;
        std::cout << "changes: " << all.size() << ", of which " << missing << " were not delivered and "
                  << out_of_order_ << " out of order; " << deaths_ << " deaths of the reader, " << repeated_
                  << " delivered again" << std::endl;
        BOOST_TEST(missing == 0u);
        BOOST_TEST(delivered_.size() == all.size());
        BOOST_TEST(out_of_order_ == 0u);
        BOOST_TEST(database_.value("SELECT count(*) FROM unipile.posts p WHERE 1 <> (SELECT count(*) FROM "
                                   "unipile.changes c WHERE c.id = p.id AND c.provider = p.provider AND c.kind = 1)") ==
                   "0");
    }

private:
    using place = std::pair<std::int64_t, std::int64_t>;  // seq, n
    using key = std::tuple<std::int64_t, std::int64_t, std::int64_t>;

    static key key_of(const std::vector<std::string>& row)
    {
        return {std::stoll(row[0]), std::stoll(row[1]), std::stoll(row[2])};
    }

    void stop()
    {
        stopping_ = true;
        if (thread_.joinable()) thread_.join();
    }

    void read_on()
    {
        while (!stopping_) {
            try {
                read();
            } catch (const std::runtime_error&) {  // the server is down
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
            switch (dice_() % 4) {
                case 0: kept_ = places_; break;
                case 1:
                    ++deaths_;
                    places_ = kept_;
                    break;
                default: break;
            }
        }
    }

    // Returns how many were delivered.
    std::size_t read()
    {
        std::string buckets, seqs, ns;
        for (const auto& [bucket, at] : places_) {
            const char* comma = buckets.empty() ? "" : ",";
            buckets += comma + std::to_string(bucket);
            seqs += comma + std::to_string(at.first);
            ns += comma + std::to_string(at.second);
        }
        const auto rows = database_.sql("SELECT c.bucket, c.seq, c.n FROM unipile.changes c LEFT JOIN unnest('{" +
                                        buckets + "}'::int[], '{" + seqs + "}'::bigint[], '{" + ns +
                                        "}'::int[]) x(bucket, seq, n) ON x.bucket = c.bucket WHERE (c.seq, c.n) > "
                                        "(coalesce(x.seq, -1), coalesce(x.n, -1)) ORDER BY 1, 2, 3 LIMIT 20");
        for (const auto& row : rows) {
            const key k = key_of(row);
            const place at{std::get<1>(k), std::get<2>(k)};
            const auto last = places_.find(std::get<0>(k));
            if (last != places_.end() && last->second >= at) ++out_of_order_;
            places_[std::get<0>(k)] = at;
            if (++delivered_[k] > 1) ++repeated_;
        }
        return rows.size();
    }

    const unipile::test::postgres_server& database_;
    std::mt19937_64 dice_;
    std::map<std::int64_t, place> places_, kept_;  // of each bucket
    std::map<key, int> delivered_;
    std::size_t deaths_ = 0, repeated_ = 0, out_of_order_ = 0;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};
