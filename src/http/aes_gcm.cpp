#include "aes_gcm.hpp"

#if !defined(UNIPILE_IPSEC_MB)

unipile::http::algorithm_source unipile::http::tls_algorithms() noexcept { return {}; }

#else

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/prov_ssl.h>
#include <openssl/provider.h>
#include <openssl/rand.h>

#include <intel-ipsec-mb.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

// OpenSSL before 3.1 has AES-GCM for processors that do one block at a time. ipsec-mb, which Intel maintains for
// network equipment, uses the vector forms of the instructions (VAES, VPCLMULQDQ) and takes a third of the time for a
// full record. It has no AEAD interface that OpenSSL knows, so this is a provider: the way that OpenSSL has for that.
//
// What libssl does with it (ssl3_record_tls13.c, ssl3_record.c of OpenSSL 3.0). TLS 1.3, for each record: the nonce,
// the tag if it is to be checked, the header as additional data, the text in one piece, the end. TLS 1.2: a fixed part
// of the nonce once, the header as a parameter, then the whole record in place, in which the rest of the nonce stands
// in front and the tag behind.

namespace unipile::http {
namespace {

constexpr std::size_t nonce_size = 12, fixed_nonce_size = 4, sent_nonce_size = 8, tag_size = 16;
constexpr std::size_t tls12_header_size = 13;

/// The functions for one length of key.
struct key_length {
    std::size_t bytes;
    aes_gcm_pre_t expand;
    aes_gcm_init_t begin;
    aes_gcm_enc_dec_update_t encrypt, decrypt;
    aes_gcm_enc_dec_finalize_t end_encryption, end_decryption;
};

/// One direction of a connection.
class cipher {
public:
    explicit cipher(const key_length& with) noexcept : with_(with) {}
    ~cipher()
    {
        OPENSSL_cleanse(&key_, sizeof key_);
        OPENSSL_cleanse(&state_, sizeof state_);
    }
    cipher(const cipher&) = delete;
    cipher& operator=(const cipher&) = delete;

    const key_length& with() const noexcept { return with_; }

    bool start(bool encrypts, const unsigned char* key, std::size_t key_size, const unsigned char* nonce,
               std::size_t size) noexcept
    {
        encrypts_ = encrypts;
        if (key) {
            if (key_size != with_.bytes) return false;
            with_.expand(key, &key_);
            has_key_ = true;
        }
        if (nonce) {
            if (size != nonce_size) return false;
            std::memcpy(nonce_.data(), nonce, nonce_size);
            header_size_ = 0;
            phase_ = phase::header;
        }
        return true;
    }

    /// Takes additional data (`out` is null) or text, or, behind `set_record_header()`, a record. How many bytes came
    /// out, or -1.
    std::ptrdiff_t update(unsigned char* out, std::size_t room, const unsigned char* in, std::size_t size) noexcept
    {
        if (!has_key_) return -1;
        if (in_record_) return record(out, room, in, size);
        if (!out) return add_header(in, size) ? static_cast<std::ptrdiff_t>(size) : -1;
        if (room < size || !enter_text()) return -1;
        (encrypts_ ? with_.encrypt : with_.decrypt)(&key_, &state_, out, in, size);
        return static_cast<std::ptrdiff_t>(size);
    }

    /// True if the text was encrypted, or is what the tag is for.
    bool finish() noexcept
    {
        if (in_record_ || !has_key_ || !enter_text()) return false;
        phase_ = phase::none;  // a nonce serves once
        return end();
    }

    bool set_tag(const unsigned char* tag, std::size_t size) noexcept
    {
        if (encrypts_ || size != tag_size) return false;
        std::memcpy(tag_.data(), tag, tag_size);
        has_tag_ = true;
        return true;
    }

    bool get_tag(OSSL_PARAM& to) const noexcept
    {
        return encrypts_ && has_tag_ && to.data_size <= tag_size &&
               OSSL_PARAM_set_octet_string(&to, tag_.data(), to.data_size) == 1;
    }

    /// The part of the nonces that both ends know (RFC 5288).
    bool set_fixed_nonce(const unsigned char* fixed, std::size_t size) noexcept
    {
        if (size != fixed_nonce_size) return false;
        std::memcpy(nonce_.data(), fixed, size);
        has_fixed_nonce_ = !encrypts_ || RAND_bytes(nonce_.data() + fixed_nonce_size, sent_nonce_size) == 1;
        return has_fixed_nonce_;
    }

    /// The record that comes next; its header tells the length with all that is around the text.
    bool set_record_header(const unsigned char* header, std::size_t size) noexcept
    {
        if (size != tls12_header_size || !has_fixed_nonce_) return false;
        const std::size_t around = sent_nonce_size + (encrypts_ ? 0 : tag_size);
        const std::size_t all = header[size - 2] * std::size_t{256} + header[size - 1];
        if (all < around) return false;
        std::memcpy(header_.data(), header, size);
        header_[size - 2] = static_cast<unsigned char>((all - around) >> 8);
        header_[size - 1] = static_cast<unsigned char>((all - around) & 0xFF);
        header_size_ = size;
        in_record_ = true;
        return true;
    }
    /// By how much a record grows.
    std::size_t padding() const noexcept { return tag_size; }

private:
    /// What may come.
    enum class phase { none, header, text };

    bool add_header(const unsigned char* in, std::size_t size) noexcept
    {
        if (phase_ != phase::header || size > header_.size() - header_size_) return false;
        if (size != 0) std::memcpy(header_.data() + header_size_, in, size);
        header_size_ += size;
        return true;
    }

    bool enter_text() noexcept
    {
        if (phase_ == phase::header) {
            with_.begin(&key_, &state_, nonce_.data(), header_.data(), header_size_);
            phase_ = phase::text;
        }
        return phase_ == phase::text;
    }

    bool end() noexcept
    {
        if (encrypts_) {
            with_.end_encryption(&key_, &state_, tag_.data(), tag_size);
            has_tag_ = true;
            return true;
        }
        std::array<unsigned char, tag_size> computed;
        with_.end_decryption(&key_, &state_, computed.data(), tag_size);
        return std::exchange(has_tag_, false) && CRYPTO_memcmp(computed.data(), tag_.data(), tag_size) == 0;
    }

    std::ptrdiff_t record(unsigned char* out, std::size_t room, const unsigned char* in, std::size_t size) noexcept
    {
        in_record_ = false;
        if (out != in || room < size || size < sent_nonce_size + tag_size) return -1;
        unsigned char* const sent_nonce = nonce_.data() + fixed_nonce_size;
        encrypts_ ? std::memcpy(out, sent_nonce, sent_nonce_size) : std::memcpy(sent_nonce, in, sent_nonce_size);
        unsigned char* const text = out + sent_nonce_size;
        const std::size_t text_size = size - sent_nonce_size - tag_size;
        unsigned char* const tag = text + text_size;
        if (!encrypts_ && !set_tag(tag, tag_size)) return -1;
        phase_ = phase::header;
        update(text, text_size, text, text_size);
        phase_ = phase::none;
        if (!end()) {
            OPENSSL_cleanse(text, text_size);
            return -1;
        }
        if (!encrypts_) return static_cast<std::ptrdiff_t>(text_size);
        std::memcpy(tag, tag_.data(), tag_size);
        for (std::size_t i = nonce_size; i != fixed_nonce_size; --i)
            if (++nonce_[i - 1] != 0) break;
        return static_cast<std::ptrdiff_t>(size);
    }

    alignas(64) gcm_key_data key_;  // ipsec-mb reads it as vectors; its header says so on some systems only
    gcm_context_data state_;
    const key_length& with_;
    std::array<unsigned char, nonce_size> nonce_{};
    std::array<unsigned char, 64> header_{};  ///< TLS has up to 13 bytes
    std::array<unsigned char, tag_size> tag_{};
    std::size_t header_size_ = 0;
    phase phase_ = phase::none;
    bool encrypts_ = false, has_key_ = false, has_tag_ = false, has_fixed_nonce_ = false, in_record_ = false;
};

// The provider, as OpenSSL wants to see it.

struct kernels {
    key_length short_keys, long_keys;
};

cipher& as_cipher(void* context) noexcept { return *static_cast<cipher*>(context); }

template <auto Length>
void* new_cipher(void* provider) noexcept
{
    return new (std::nothrow) cipher(static_cast<const kernels*>(provider)->*Length);
}

void free_cipher(void* context) noexcept { delete static_cast<cipher*>(context); }

int set_parameters(void* context, const OSSL_PARAM params[]) noexcept
{
    const auto bytes = [](const OSSL_PARAM& p) { return static_cast<const unsigned char*>(p.data); };
    if (const OSSL_PARAM* p = OSSL_PARAM_locate_const(params, OSSL_CIPHER_PARAM_AEAD_IVLEN)) {
        std::size_t size = 0;
        if (OSSL_PARAM_get_size_t(p, &size) != 1 || size != nonce_size) return 0;
    }
    if (const OSSL_PARAM* p = OSSL_PARAM_locate_const(params, OSSL_CIPHER_PARAM_AEAD_TAG))
        if (!p->data || !as_cipher(context).set_tag(bytes(*p), p->data_size)) return 0;
    if (const OSSL_PARAM* p = OSSL_PARAM_locate_const(params, OSSL_CIPHER_PARAM_AEAD_TLS1_IV_FIXED))
        if (!as_cipher(context).set_fixed_nonce(bytes(*p), p->data_size)) return 0;
    if (const OSSL_PARAM* p = OSSL_PARAM_locate_const(params, OSSL_CIPHER_PARAM_AEAD_TLS1_AAD))
        if (!as_cipher(context).set_record_header(bytes(*p), p->data_size)) return 0;
    return 1;
}

template <bool Encrypts>
int start_cipher(void* context, const unsigned char* key, std::size_t key_size, const unsigned char* nonce,
                 std::size_t nonce_length, const OSSL_PARAM params[]) noexcept
{
    if (!as_cipher(context).start(Encrypts, key, key_size, nonce, nonce_length)) return 0;
    return params ? set_parameters(context, params) : 1;
}

int update_cipher(void* context, unsigned char* out, std::size_t* written, std::size_t room, const unsigned char* in,
                  std::size_t size) noexcept
{
    const std::ptrdiff_t n = as_cipher(context).update(out, room, in, size);
    *written = n < 0 ? 0 : static_cast<std::size_t>(n);
    return n < 0 ? 0 : 1;
}

int finish_cipher(void* context, unsigned char*, std::size_t* written, std::size_t) noexcept
{
    *written = 0;
    return as_cipher(context).finish() ? 1 : 0;
}

/// Answers what is asked for among these; what isn't known is left alone.
bool answer(OSSL_PARAM params[], const char* name, std::size_t value) noexcept
{
    OSSL_PARAM* const p = OSSL_PARAM_locate(params, name);
    return !p || OSSL_PARAM_set_size_t(p, value) == 1;
}

int cipher_parameters(void* context, OSSL_PARAM params[]) noexcept
{
    const cipher& c = as_cipher(context);
    if (OSSL_PARAM* const p = OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_AEAD_TAG))
        if (!c.get_tag(*p)) return 0;
    return answer(params, OSSL_CIPHER_PARAM_KEYLEN, c.with().bytes) &&
           answer(params, OSSL_CIPHER_PARAM_IVLEN, nonce_size) &&
           answer(params, OSSL_CIPHER_PARAM_AEAD_TAGLEN, tag_size) &&
           answer(params, OSSL_CIPHER_PARAM_AEAD_TLS1_AAD_PAD, c.padding());
}

template <std::size_t KeySize>
int algorithm_parameters(OSSL_PARAM params[]) noexcept
{
    const auto flag = [&](const char* name) {
        OSSL_PARAM* const p = OSSL_PARAM_locate(params, name);
        return !p || OSSL_PARAM_set_int(p, 1) == 1;
    };
    OSSL_PARAM* const mode = OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_MODE);
    return (!mode || OSSL_PARAM_set_uint(mode, EVP_CIPH_GCM_MODE) == 1) &&
           answer(params, OSSL_CIPHER_PARAM_KEYLEN, KeySize) && answer(params, OSSL_CIPHER_PARAM_IVLEN, nonce_size) &&
           answer(params, OSSL_CIPHER_PARAM_BLOCK_SIZE, 1) && flag(OSSL_CIPHER_PARAM_AEAD) &&
           flag(OSSL_CIPHER_PARAM_CUSTOM_IV);
}

const OSSL_PARAM* gettable(void*, void*) noexcept
{
    static const OSSL_PARAM known[] = {OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_KEYLEN, nullptr),
                                       OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_IVLEN, nullptr),
                                       OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_AEAD_TAGLEN, nullptr),
                                       OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, nullptr, 0),
                                       OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_AEAD_TLS1_AAD_PAD, nullptr),
                                       OSSL_PARAM_END};
    return known;
}

const OSSL_PARAM* settable(void*, void*) noexcept
{
    static const OSSL_PARAM known[] = {OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_AEAD_IVLEN, nullptr),
                                       OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, nullptr, 0),
                                       OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TLS1_IV_FIXED, nullptr, 0),
                                       OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TLS1_AAD, nullptr, 0),
                                       OSSL_PARAM_END};
    return known;
}

using function = void (*)();

template <class F>
function as_function(F* f) noexcept
{
    return reinterpret_cast<function>(f);
}

template <auto Length, std::size_t KeySize>
const OSSL_DISPATCH* cipher_functions() noexcept
{
    static const OSSL_DISPATCH functions[] = {{OSSL_FUNC_CIPHER_NEWCTX, as_function(new_cipher<Length>)},
                                              {OSSL_FUNC_CIPHER_FREECTX, as_function(free_cipher)},
                                              {OSSL_FUNC_CIPHER_ENCRYPT_INIT, as_function(start_cipher<true>)},
                                              {OSSL_FUNC_CIPHER_DECRYPT_INIT, as_function(start_cipher<false>)},
                                              {OSSL_FUNC_CIPHER_UPDATE, as_function(update_cipher)},
                                              {OSSL_FUNC_CIPHER_FINAL, as_function(finish_cipher)},
                                              {OSSL_FUNC_CIPHER_GET_PARAMS, as_function(algorithm_parameters<KeySize>)},
                                              {OSSL_FUNC_CIPHER_GET_CTX_PARAMS, as_function(cipher_parameters)},
                                              {OSSL_FUNC_CIPHER_SET_CTX_PARAMS, as_function(set_parameters)},
                                              {OSSL_FUNC_CIPHER_GETTABLE_CTX_PARAMS, as_function(gettable)},
                                              {OSSL_FUNC_CIPHER_SETTABLE_CTX_PARAMS, as_function(settable)},
                                              {0, nullptr}};
    return functions;
}

constexpr const char* provider_name = "unipile-ipsec-mb";
constexpr const char* preferred = "?provider=unipile-ipsec-mb";

const OSSL_ALGORITHM* query(void*, int operation, int* no_store) noexcept
{
    constexpr const char* property = "provider=unipile-ipsec-mb";
    static const OSSL_ALGORITHM ciphers[] = {{"AES-128-GCM:id-aes128-GCM:2.16.840.1.101.3.4.1.6", property,
                                              cipher_functions<&kernels::short_keys, 16>(), "ipsec-mb"},
                                             {"AES-256-GCM:id-aes256-GCM:2.16.840.1.101.3.4.1.46", property,
                                              cipher_functions<&kernels::long_keys, 32>(), "ipsec-mb"},
                                             {nullptr, nullptr, nullptr, nullptr}};
    *no_store = 0;
    return operation == OSSL_OP_CIPHER ? ciphers : nullptr;
}

/// ipsec-mb, set up for this processor; null if there is no memory. Never freed.
const IMB_MGR* processor() noexcept
{
    static const IMB_MGR* const manager = [] {
        IMB_MGR* const made = alloc_mb_mgr(0);
        if (made) init_mb_mgr_auto(made, nullptr);
        return made;
    }();
    return manager;
}

extern "C" int start_aes_gcm_provider(const OSSL_CORE_HANDLE*, const OSSL_DISPATCH*, const OSSL_DISPATCH** out,
                                      void** context)
{
    static const OSSL_DISPATCH functions[] = {{OSSL_FUNC_PROVIDER_QUERY_OPERATION, as_function(query)}, {0, nullptr}};
    const IMB_MGR* const m = processor();
    if (!m || imb_get_errno(const_cast<IMB_MGR*>(m)) != 0) return 0;
    static kernels chosen{{16, m->gcm128_pre, m->gcm128_init, m->gcm128_enc_update, m->gcm128_dec_update,
                           m->gcm128_enc_finalize, m->gcm128_dec_finalize},
                          {32, m->gcm256_pre, m->gcm256_init, m->gcm256_enc_update, m->gcm256_dec_update,
                           m->gcm256_enc_finalize, m->gcm256_dec_finalize}};
    *out = functions;
    *context = &chosen;
    return 1;
}

/// True where ipsec-mb is faster than OpenSSL: without the vector instructions they are about equal, and OpenSSL itself
/// uses them from 3.1 on.
bool is_worth_it() noexcept
{
    constexpr std::uint64_t needed =
        IMB_FEATURE_VAES | IMB_FEATURE_VPCLMULQDQ | IMB_FEATURE_AVX512_SKX | IMB_FEATURE_AESNI;
    constexpr unsigned long first_with_vectors = 0x30100000;
    // Whoever masks instructions for OpenSSL has a reason. ipsec-mb asks the processor only, not what the system lets
    // be used of it.
    return OpenSSL_version_num() < first_with_vectors && std::getenv("OPENSSL_ia32cap") == nullptr &&
           (imb_get_feature_flags() & needed) == needed && __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512dq");
}

bool is_default(const OSSL_PROVIDER* provider) noexcept
{
    return provider && std::string_view(OSSL_PROVIDER_get0_name(provider)) == "default";
}

}  // namespace

aes_gcm_library::aes_gcm_library() noexcept : library_(OSSL_LIB_CTX_new())
{
    if (library_ && OSSL_PROVIDER_add_builtin(library_, provider_name, start_aes_gcm_provider) == 1)
        own_ = OSSL_PROVIDER_load(library_, provider_name);
    if (own_) rest_ = OSSL_PROVIDER_load(library_, "default");
}

aes_gcm_library::~aes_gcm_library()
{
    if (rest_) OSSL_PROVIDER_unload(rest_);
    if (own_) OSSL_PROVIDER_unload(own_);
    OSSL_LIB_CTX_free(library_);
}

algorithm_source aes_gcm_library::source() const noexcept
{
    return rest_ ? algorithm_source{library_, preferred} : algorithm_source{};
}

bool is_usual(OSSL_LIB_CTX* library) noexcept
{
    struct found {
        std::size_t usual = 0, all = 0;
    } active;
    const auto count = [](OSSL_PROVIDER* provider, void* to) {
        auto& f = *static_cast<found*>(to);
        ++f.all;
        f.usual += is_default(provider) ? 1 : 0;
        return 1;
    };
    if (EVP_default_properties_is_fips_enabled(library) != 0) return false;
    if (OSSL_PROVIDER_do_all(library, count, &active) != 1 || active.usual != 1 || active.all != 1) return false;
    EVP_CIPHER* const cipher = EVP_CIPHER_fetch(library, "AES-128-GCM", nullptr);
    const bool its_cipher = cipher && is_default(EVP_CIPHER_get0_provider(cipher));
    EVP_CIPHER_free(cipher);
    EVP_RAND_CTX* const random = RAND_get0_primary(library);
    EVP_RAND* const generator = random ? EVP_RAND_CTX_get0_rand(random) : nullptr;
    const bool its_random = generator && is_default(EVP_RAND_get0_provider(generator)) &&
                            std::string_view(EVP_RAND_get0_name(generator)) == "CTR-DRBG";
    ERR_clear_error();
    return its_cipher && its_random;
}

algorithm_source tls_algorithms() noexcept
{
    OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, nullptr);
    if (!is_worth_it() || OSSL_LIB_CTX_set0_default(nullptr) != OSSL_LIB_CTX_get0_global_default() ||
        !is_usual(nullptr))
        return {};
    // Connections may live until the process's end.
    static const aes_gcm_library* const library = new (std::nothrow) aes_gcm_library;
    return library ? library->source() : algorithm_source{};
}

}  // namespace unipile::http

#endif
