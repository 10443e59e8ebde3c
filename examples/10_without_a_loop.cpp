// Shows: a listing in a plain loop, for a program without coroutines and without an event loop.
// Needs: the variables and arguments that environment.hpp names.
#include "environment.hpp"

#include <unipile/read.hpp>

#include <iostream>

int main(int argc, char** argv)
{
    return example::run([&] {
        auto posts = unipile::read(example::options(), example::query(argc, argv));  // sends nothing yet
        for (const unipile::post& post : posts) std::cout << post.json() << '\n';
        std::cerr << posts.end_reason() << " after " << posts.stats().requests << " requests\n";
    });
}
