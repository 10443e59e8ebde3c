// Accounts spread over the threads of a harvest.
#include "program/harvest/account_shares.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <string>
#include <thread>
#include <vector>

using unipile::program::account_shares;

BOOST_AUTO_TEST_SUITE(sharing_accounts)

BOOST_AUTO_TEST_CASE(one_worker_has_all)
{
    account_shares shares(1);
    BOOST_TEST(shares.is_of(0, "a"));
    BOOST_TEST(shares.is_of(0, "b"));
}

BOOST_AUTO_TEST_CASE(each_account_has_one_worker_and_each_worker_as_many)
{
    for (const std::size_t workers : {2u, 3u, 7u}) {
        account_shares shares(workers);
        std::vector<std::size_t> owned(workers, 0);
        constexpr std::size_t accounts = 64;
        for (int round = 0; round < 2; ++round) {
            owned.assign(workers, 0);
            for (std::size_t a = 0; a < accounts; ++a) {
                std::size_t owners = 0;
                // Asked in another order each time: only the first asking decides.
                for (std::size_t i = 0; i < workers; ++i) {
                    const std::size_t w = (a + i * (round ? workers - 1 : 1)) % workers;
                    if (!shares.is_of(w, "account" + std::to_string(a))) continue;
                    ++owners;
                    ++owned[w];
                }
                BOOST_TEST(owners == 1u);
            }
            for (const std::size_t n : owned) {
                BOOST_TEST(n >= accounts / workers);
                BOOST_TEST(n <= accounts / workers + 1);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(who_has_left_gets_no_more)
{
    account_shares shares(2);
    BOOST_TEST(shares.is_of(0, "a"));
    BOOST_TEST(shares.is_of(1, "b"));
    shares.leave(1);
    BOOST_TEST(shares.is_of(0, "c"));
    BOOST_TEST(shares.is_of(0, "d"));
    BOOST_TEST(!shares.is_of(0, "b"));
}

BOOST_AUTO_TEST_CASE(threads_agree)
{
    constexpr std::size_t workers = 4, accounts = 1000;
    account_shares shares(workers);
    std::array<std::vector<char>, workers> mine;
    std::vector<std::thread> threads;
    for (std::size_t w = 0; w < workers; ++w)
        threads.emplace_back([&, w] {
            for (std::size_t a = 0; a < accounts; ++a) mine[w].push_back(shares.is_of(w, std::to_string(a)));
        });
    for (auto& t : threads) t.join();
    for (std::size_t a = 0; a < accounts; ++a) {
        int owners = 0;
        for (const auto& of_worker : mine) owners += of_worker[a];
        BOOST_TEST(owners == 1);
    }
}

BOOST_AUTO_TEST_SUITE_END()
