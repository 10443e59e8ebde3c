// AES-GCM by ipsec-mb, against OpenSSL's own.
#include "http/aes_gcm.hpp"

#include <boost/test/unit_test.hpp>

#if !defined(UNIPILE_IPSEC_MB)

BOOST_AUTO_TEST_CASE(aes_gcm_is_openssls)
{
    const auto source = unipile::http::tls_algorithms();
    BOOST_TEST(source.library == nullptr);
    BOOST_TEST(source.properties == nullptr);
}

#else

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

using namespace unipile::http;

namespace {

using bytes = std::vector<unsigned char>;

struct release {
    void operator()(OSSL_LIB_CTX* p) const noexcept { OSSL_LIB_CTX_free(p); }
    void operator()(EVP_CIPHER* p) const noexcept { EVP_CIPHER_free(p); }
    void operator()(EVP_CIPHER_CTX* p) const noexcept { EVP_CIPHER_CTX_free(p); }
};
using library_ptr = std::unique_ptr<OSSL_LIB_CTX, release>;
using cipher_ptr = std::unique_ptr<EVP_CIPHER, release>;

/// One direction under one key.
class direction {
public:
    direction(const EVP_CIPHER* cipher, bool encrypts, const bytes& key) : context_(EVP_CIPHER_CTX_new())
    {
        // As libssl does it.
        BOOST_REQUIRE(EVP_CipherInit_ex(get(), cipher, nullptr, nullptr, nullptr, encrypts) == 1);
        BOOST_REQUIRE(EVP_CIPHER_CTX_ctrl(get(), EVP_CTRL_AEAD_SET_IVLEN, 12, nullptr) == 1);
        BOOST_REQUIRE(EVP_CipherInit_ex(get(), nullptr, nullptr, key.data(), nullptr, -1) == 1);
    }

    EVP_CIPHER_CTX* get() const noexcept { return context_.get(); }

    bool set_nonce(const bytes& nonce)
    {
        return EVP_CipherInit_ex(get(), nullptr, nullptr, nullptr, nonce.data(), -1) == 1;
    }
    bool set_tag(bytes tag)
    {
        return EVP_CIPHER_CTX_ctrl(get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag.size()), tag.data()) == 1;
    }
    bool add_header(const bytes& header)
    {
        int n = 0;
        return EVP_CipherUpdate(get(), nullptr, &n, header.data(), static_cast<int>(header.size())) == 1;
    }
    /// In place, in pieces of that size.
    bool add_text(bytes& text, std::size_t piece)
    {
        for (std::size_t i = 0; i < text.size(); i += piece) {
            int n = 0;
            const auto size = static_cast<int>(std::min(piece, text.size() - i));
            if (EVP_CipherUpdate(get(), text.data() + i, &n, text.data() + i, size) != 1 || n != size) return false;
        }
        return true;
    }
    bool finish()
    {
        unsigned char none[16];
        int n = 0;
        return EVP_CipherFinal_ex(get(), none, &n) == 1 && n == 0;
    }
    bytes tag()
    {
        bytes t(16);
        BOOST_TEST(EVP_CIPHER_CTX_ctrl(get(), EVP_CTRL_AEAD_GET_TAG, 16, t.data()) == 1);
        return t;
    }

    // TLS 1.2.
    bool set_fixed_nonce(bytes fixed)
    {
        return EVP_CIPHER_CTX_ctrl(get(), EVP_CTRL_GCM_SET_IV_FIXED, static_cast<int>(fixed.size()), fixed.data()) == 1;
    }
    /// By how much the record grows; not above 0 if it can't be one.
    int set_record_header(bytes header)
    {
        return EVP_CIPHER_CTX_ctrl(get(), EVP_CTRL_AEAD_TLS1_AAD, static_cast<int>(header.size()), header.data());
    }
    /// How many bytes came out, or -1.
    int record(bytes& in_place)
    {
        int n = 0;
        const auto size = static_cast<int>(in_place.size());
        return EVP_CipherUpdate(get(), in_place.data(), &n, in_place.data(), size) == 1 ? n : -1;
    }

private:
    std::unique_ptr<EVP_CIPHER_CTX, release> context_;
};

struct sealed {
    bytes text, tag;
    bool operator==(const sealed&) const = default;
};

struct aes_gcm_test {
    aes_gcm_library library;
    std::mt19937 random{1};

    cipher_ptr ours(const char* name) const
    {
        cipher_ptr c(EVP_CIPHER_fetch(library.source().library, name, library.source().properties));
        BOOST_REQUIRE(c);
        BOOST_REQUIRE_EQUAL(OSSL_PROVIDER_get0_name(EVP_CIPHER_get0_provider(c.get())), "unipile-ipsec-mb");
        return c;
    }
    static cipher_ptr theirs(const char* name)
    {
        cipher_ptr c(EVP_CIPHER_fetch(nullptr, name, "provider=default"));
        BOOST_REQUIRE(c);
        return c;
    }

    bytes some(std::size_t n)
    {
        bytes b(n);
        for (auto& x : b) x = static_cast<unsigned char>(random());
        return b;
    }

    static sealed seal(direction& d, const bytes& nonce, const bytes& header, bytes text, std::size_t piece)
    {
        BOOST_TEST(d.set_nonce(nonce));
        if (!header.empty()) BOOST_TEST(d.add_header(header));
        BOOST_TEST(d.add_text(text, piece));
        BOOST_TEST(d.finish());
        return {std::move(text), d.tag()};
    }

    static std::optional<bytes> open(direction& d, const bytes& nonce, const bytes& header, sealed s, std::size_t piece)
    {
        BOOST_TEST(d.set_nonce(nonce));
        BOOST_TEST(d.set_tag(s.tag));
        if (!header.empty()) BOOST_TEST(d.add_header(header));
        BOOST_TEST(d.add_text(s.text, piece));
        return d.finish() ? std::optional(s.text) : std::nullopt;
    }
};

constexpr struct {
    const char* name;
    std::size_t key;
} lengths[] = {{"AES-128-GCM", 16}, {"AES-256-GCM", 32}};

bytes header_of(std::size_t length)
{
    bytes header{0, 0, 0, 0, 0, 0, 0, 7, 23, 3, 3};
    header.push_back(static_cast<unsigned char>(length >> 8));
    header.push_back(static_cast<unsigned char>(length & 0xFF));
    return header;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(aes_gcm, aes_gcm_test)

BOOST_AUTO_TEST_CASE(says_what_openssls_says_of_itself)
{
    for (const auto& [name, key] : lengths) {
        const cipher_ptr a = ours(name), b = theirs(name);
        BOOST_TEST(EVP_CIPHER_get_key_length(a.get()) == EVP_CIPHER_get_key_length(b.get()));
        BOOST_TEST(EVP_CIPHER_get_iv_length(a.get()) == EVP_CIPHER_get_iv_length(b.get()));
        BOOST_TEST(EVP_CIPHER_get_block_size(a.get()) == EVP_CIPHER_get_block_size(b.get()));
        BOOST_TEST(EVP_CIPHER_get_mode(a.get()) == EVP_CIPHER_get_mode(b.get()));
        // Theirs has an older interface too.
        BOOST_TEST((EVP_CIPHER_get_flags(a.get()) | EVP_CIPH_FLAG_CUSTOM_CIPHER) == EVP_CIPHER_get_flags(b.get()));
        BOOST_TEST(EVP_CIPHER_get_nid(a.get()) == EVP_CIPHER_get_nid(b.get()));
    }
}

BOOST_AUTO_TEST_CASE(comes_to_what_openssl_comes_to)
{
    std::vector<std::size_t> sizes;
    for (std::size_t n = 0; n <= 300; ++n) sizes.push_back(n);
    for (const std::size_t n : {1023u, 1024u, 4097u, 16383u, 16384u, 16385u, 16401u}) sizes.push_back(n);
    for (const auto& [name, key_size] : lengths) {
        const cipher_ptr a = ours(name), b = theirs(name);
        const bytes key = some(key_size);
        direction our_seal(a.get(), true, key), our_open(a.get(), false, key);
        direction their_seal(b.get(), true, key), their_open(b.get(), false, key);
        for (const std::size_t size : sizes) {
            const bytes nonce = some(12), header = some(std::size_t{0} + random() % 20), text = some(size);
            const std::size_t piece = size % 3 == 0 ? 1 + random() % 100 : 20000;
            const sealed by_us = seal(our_seal, nonce, header, text, piece);
            BOOST_TEST((by_us == seal(their_seal, nonce, header, text, 20000)), name << ", " << size << " bytes");
            BOOST_TEST((open(our_open, nonce, header, by_us, piece) == text), name << ", " << size << " bytes");
            BOOST_TEST((open(their_open, nonce, header, by_us, piece) == text), name << ", " << size << " bytes");
        }
    }
}

BOOST_AUTO_TEST_CASE(notices_every_changed_bit)
{
    for (const auto& [name, key_size] : lengths) {
        const cipher_ptr cipher = ours(name);
        const bytes key = some(key_size), nonce = some(12), header = some(5), text = some(50);
        direction sealing(cipher.get(), true, key), opening(cipher.get(), false, key);
        const sealed good = seal(sealing, nonce, header, text, 50);
        const auto refuses = [&](const bytes& n, const bytes& h, const sealed& s) {
            return !open(opening, n, h, s, 50).has_value();
        };
        const auto flip = [](bytes b, std::size_t bit) {
            b[bit / 8] = static_cast<unsigned char>(b[bit / 8] ^ (1u << bit % 8));
            return b;
        };
        for (std::size_t i = 0; i < 8 * 50; ++i) BOOST_TEST(refuses(nonce, header, {flip(good.text, i), good.tag}));
        for (std::size_t i = 0; i < 8 * 16; ++i) BOOST_TEST(refuses(nonce, header, {good.text, flip(good.tag, i)}));
        for (std::size_t i = 0; i < 8 * 12; ++i) BOOST_TEST(refuses(flip(nonce, i), header, good));
        for (std::size_t i = 0; i < 8 * 5; ++i) BOOST_TEST(refuses(nonce, flip(header, i), good));
        BOOST_TEST(!refuses(nonce, header, good));
    }
}

BOOST_AUTO_TEST_CASE(refuses_what_is_out_of_order)
{
    const cipher_ptr cipher = ours("AES-128-GCM");
    const bytes key = some(16), nonce = some(12);
    bytes text = some(20);

    direction sealing(cipher.get(), true, key);
    BOOST_TEST(!sealing.add_text(text, 20));  // without a nonce
    BOOST_TEST(!sealing.finish());
    BOOST_TEST(sealing.set_nonce(nonce));
    BOOST_TEST(!sealing.add_header(some(65)));
    BOOST_TEST(sealing.add_text(text, 20));
    BOOST_TEST(!sealing.add_header(some(5)));  // behind the text
    BOOST_TEST(sealing.finish());
    BOOST_TEST(!sealing.add_text(text, 20));  // a nonce serves once
    BOOST_TEST(!sealing.finish());
    BOOST_TEST(!sealing.set_tag(some(16)));

    direction opening(cipher.get(), false, key);
    BOOST_TEST(!opening.set_tag(some(12)));
    BOOST_TEST(opening.set_nonce(nonce));
    BOOST_TEST(opening.add_text(text, 20));
    BOOST_TEST(!opening.finish());  // no tag to compare with
    unsigned char tag[16];
    BOOST_TEST(EVP_CIPHER_CTX_ctrl(opening.get(), EVP_CTRL_AEAD_GET_TAG, 16, tag) != 1);

    // The last message's tag is not the next one's.
    const sealed s = seal(sealing, nonce, {}, text, 20);
    BOOST_TEST(open(opening, nonce, {}, s, 20).has_value());
    bytes again = s.text;
    BOOST_TEST(opening.set_nonce(nonce));
    BOOST_TEST(opening.add_text(again, 20));
    BOOST_TEST(!opening.finish());

    BOOST_TEST(EVP_CIPHER_CTX_ctrl(opening.get(), EVP_CTRL_AEAD_SET_IVLEN, 16, nullptr) != 1);
    std::unique_ptr<EVP_CIPHER_CTX, release> keyless(EVP_CIPHER_CTX_new());
    BOOST_TEST(EVP_CipherInit_ex(keyless.get(), cipher.get(), nullptr, nullptr, nonce.data(), 1) == 1);
    int n = 0;
    BOOST_TEST(EVP_CipherUpdate(keyless.get(), text.data(), &n, text.data(), 20) != 1);
}

BOOST_AUTO_TEST_CASE(exchanges_tls_1_2_records_with_openssl)
{
    for (const auto& [name, key_size] : lengths) {
        const cipher_ptr a = ours(name), b = theirs(name);
        const bytes key = some(key_size), fixed = some(4);
        for (const bool ours_seals : {true, false}) {
            direction sealing((ours_seals ? a : b).get(), true, key), opening((ours_seals ? b : a).get(), false, key);
            BOOST_REQUIRE(sealing.set_fixed_nonce(fixed));
            BOOST_REQUIRE(opening.set_fixed_nonce(fixed));
            std::vector<std::size_t> sizes{0, 1, 15, 16, 17, 255, 256, 257, 4096, 16384};
            sizes.resize(300);  // the nonce's last byte comes round at least once
            std::optional<std::uint64_t> last;
            for (const std::size_t size : sizes) {
                const bytes text = some(size);
                // In front of the text there is room for the nonce, behind it for the tag.
                bytes record(8 + size + 16);
                std::copy(text.begin(), text.end(), record.begin() + 8);
                BOOST_TEST(sealing.set_record_header(header_of(8 + size)) == 16);
                BOOST_REQUIRE(sealing.record(record) == static_cast<int>(record.size()));

                std::uint64_t nonce = 0;
                for (int i = 0; i < 8; ++i) nonce = nonce << 8 | record[static_cast<std::size_t>(i)];
                if (last) BOOST_TEST(nonce == *last + 1);
                last = nonce;

                bytes changed = record;
                changed[random() % changed.size()] ^= 1;
                BOOST_TEST(opening.set_record_header(header_of(record.size())) == 16);
                BOOST_TEST(opening.record(changed) == -1);
                BOOST_TEST(opening.set_record_header(header_of(record.size())) == 16);
                BOOST_REQUIRE(opening.record(record) == static_cast<int>(size));
                BOOST_TEST((bytes(record.begin() + 8, record.end() - 16) == text));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(refuses_what_is_no_tls_1_2_record)
{
    const cipher_ptr cipher = ours("AES-256-GCM");
    const bytes key = some(32);
    direction opening(cipher.get(), false, key), sealing(cipher.get(), true, key);
    BOOST_TEST(opening.set_record_header(header_of(100)) <= 0);  // the nonce's fixed part isn't known yet
    BOOST_TEST(!opening.set_fixed_nonce(some(5)));
    BOOST_TEST(opening.set_fixed_nonce(some(4)));
    BOOST_TEST(sealing.set_fixed_nonce(some(4)));
    BOOST_TEST(opening.set_record_header(some(12)) <= 0);
    BOOST_TEST(opening.set_record_header(header_of(8 + 15)) <= 0);
    BOOST_TEST(sealing.set_record_header(header_of(7)) <= 0);
    BOOST_TEST(opening.set_record_header(header_of(8 + 16)) == 16);
    bytes short_one = some(8 + 15);
    BOOST_TEST(opening.record(short_one) == -1);
}

BOOST_AUTO_TEST_CASE(takes_only_the_place_of_openssls_default_provider)
{
    const auto with = [](const std::string& configuration) {
        const auto file = std::filesystem::temp_directory_path() / ("aes_gcm_" + std::to_string(getpid()) + ".cnf");
        std::ofstream(file) << configuration;
        library_ptr made(OSSL_LIB_CTX_new());
        OSSL_LIB_CTX_load_config(made.get(), file.c_str());  // fails where it names what isn't there
        std::filesystem::remove(file);
        return is_usual(made.get());
    };
    const std::string providers = "openssl_conf = a\n[a]\nproviders = p\n[p]\n", active = "[on]\nactivate = 1\n";
    BOOST_TEST(with(""));
    BOOST_TEST(with(providers + "default = on\n" + active));
    BOOST_TEST(!with(providers + "default = on\nbase = on\n" + active));
    BOOST_TEST(!with(providers + "base = on\n" + active));
    BOOST_TEST(!with(providers + "vendor = gone\n[gone]\nmodule = /nowhere/vendor.so\nactivate = 1\n"));
    BOOST_TEST(!with("openssl_conf = a\n[a]\nalg_section = b\n[b]\ndefault_properties = provider=vendor\n"));
    BOOST_TEST(!with("openssl_conf = a\n[a]\nalg_section = b\n[b]\ndefault_properties = fips=yes\n"));
    BOOST_TEST(!with("openssl_conf = a\n[a]\nrandom = b\n[b]\nrandom = HASH-DRBG\n"));
    BOOST_TEST(!with("openssl_conf = a\n[a]\nrandom = b\n[b]\nrandom = NO-SUCH-DRBG\n"));
}

BOOST_AUTO_TEST_CASE(is_decided_by_what_the_thread_uses)
{
    const algorithm_source before = tls_algorithms();
    BOOST_TEST((before.library == nullptr) == (before.properties == nullptr));
    const library_ptr other(OSSL_LIB_CTX_new());
    OSSL_LIB_CTX* const usual = OSSL_LIB_CTX_set0_default(other.get());
    BOOST_TEST(tls_algorithms().library == nullptr);
    OSSL_LIB_CTX_set0_default(usual);
    BOOST_TEST(tls_algorithms().library == before.library);
}

BOOST_AUTO_TEST_CASE(leaves_the_process_itself_alone)
{
    tls_algorithms();
    const cipher_ptr c(EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr));
    BOOST_REQUIRE(c);
    BOOST_TEST(OSSL_PROVIDER_get0_name(EVP_CIPHER_get0_provider(c.get())) == std::string("default"));
}

BOOST_AUTO_TEST_SUITE_END()

#endif
