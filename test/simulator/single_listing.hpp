// One listing of a responder without a server.
#pragma once

#include "reader.hpp"

#include <unipile/simulator.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

inline unipile::simulator::options one(std::uint64_t posts, std::vector<const char*> faults = {})
{
    unipile::simulator::options options;
    options.identifiers = 1;
    options.posts_min = options.posts_max = posts;
    for (const auto* fault : faults) options.faults.push_back(unipile::simulator::parse_fault(fault));
    return options;
}

struct single {
    explicit single(const unipile::simulator::options& options)
        : responder(options), profile(reader::profiles(responder).front())
    {}
    reader::listing follow(unsigned limit, std::size_t most = 10'000)
    {
        return reader::follow(responder, profile, limit, most);
    }
    std::vector<std::string> truth() const { return responder.posts(profile.identifier); }

    unipile::simulator::responder responder;
    unipile::simulator::profile profile;
};
