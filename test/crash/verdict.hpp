// What a store holds, against what the simulator holds.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <vector>

struct verdict {
    std::size_t posts = 0, lost = 0, unexpected = 0, duplicated = 0;
};

/// Both sorted.
inline verdict compare(const std::vector<std::string>& got, const std::vector<std::string>& expected)
{
    verdict v;
    v.posts = got.size();
    std::vector<std::string> missing, surplus;
    std::set_difference(expected.begin(), expected.end(), got.begin(), got.end(), std::back_inserter(missing));
    std::set_difference(got.begin(), got.end(), expected.begin(), expected.end(), std::back_inserter(surplus));
    v.lost = missing.size();
    for (const std::string& line : surplus)
        ++(std::binary_search(expected.begin(), expected.end(), line) ? v.duplicated : v.unexpected);
    return v;
}
