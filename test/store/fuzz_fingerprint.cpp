// libFuzzer: any bytes have a fingerprint, and white space around them is no part of it where they are a post.
#include "support/fuzzing.hpp"

#include <unipile/post.hpp>
#include <unipile/store/fingerprint.hpp>

#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using unipile::test::hold;
    using namespace unipile::store;
    const std::string_view text = unipile::test::text_of(data, size);
    const fingerprint seen = fingerprint_of(text);
    hold(fingerprint_of(std::string(text)) == seen, "a fingerprint depends on the bytes alone");
    (void)hash_of_bytes(text);
    const auto p = unipile::post::parse(text);
    if (!p) return 0;
    const std::string json(p->json());
    hold(fingerprint_of(json) == fingerprint_of(" \n" + json + "\t"), "white space around a post does not count");
    hold(fingerprint_of(json) == fingerprint_of("{ " + json.substr(1)), "white space in a post does not count");
    return 0;
}
