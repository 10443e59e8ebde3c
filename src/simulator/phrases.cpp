#include "simulator/phrases.hpp"

#include <charconv>
#include <chrono>

namespace unipile::simulator {
namespace {

// The sentences of texts: several scripts, emoji as UTF-8 and as escaped surrogate pairs, every short escape, U+2028,
// hashtags, links and quotations.
constexpr std::string_view sentences[] = {
    "We are thrilled to announce that our team has grown from 4 to 40 people in a single year.",
    "Three lessons that I wish somebody had told me before my first board meeting:",
    "Great engineering is mostly about deleting code that nobody needs any more.",
    "\\\"Culture eats strategy for breakfast\\\" \\u2013 and lunch, and dinner.",
    "Nous recrutons \\u00e0 Lyon, \\u00c0 Nantes et \\u00e0 Gen\\u00e8ve : \\u00e9crivez-moi !",
    "Über die Hälfte unserer Kundinnen und Kunden nutzt die neue Oberfläche täglich.",
    "¿Qué aprendimos este trimestre? Que escuchar al cliente nunca está de más.",
    "本日、新しいサービスを公開しました。ご意見をお待ちしています。",
    "我们的新产品今天正式上线，感谢每一位同事的努力。",
    "Сегодня мы открыли новый офис в центре города, и это только начало.",
    "نحن سعداء بالإعلان عن شراكتنا الجديدة هذا الصباح.",
    "हमारी टीम को इस उपलब्धि पर बहुत गर्व है।",
    "🚀🚀 Launch day! Thank you to everybody who stayed up with us. 🙏",
    "Family day at the office 👩‍👩‍👧‍👦 with cake \\ud83c\\udf82 and far too much coffee "
    "\\u2615\\ufe0f.",
    "#hiring #cplusplus #networking #distributedsystems #opentowork",
    "Read the whole story here: https:\\/\\/lnkd.in\\/eXaMpLe?trk=feed&utm_source=share",
    "Step 1:\\tmeasure.\\nStep 2:\\tthink.\\nStep 3:\\tmeasure again.",
    "The path C:\\\\temp\\\\report.pdf is not a link, {\\\"but\\\":[\\\"it\\\",\\\"looks\\\"]} like JSON.",
    "Proud to have spoken at @Conference yesterday; the slides are in the first comment.",
    "Hot take: meetings without an agenda should be cancelled automatically.",
    "After 12 years I am leaving. It was a privilege, and I am not crying, you are. 😭",
    "Line one\\u2028line two\\u2029and a null-ish \\u0001 control, as copied from a PDF.",
    "If you know a product designer who loves B2B, tag them below \\ud83d\\udc47",
    "1\\ufe0f\\u20e3 Listen. 2\\ufe0f\\u20e3 Write it down. 3\\ufe0f\\u20e3 Ship something small.",
    "Our revenue grew by 37.5 % (from €1.2m to €1.65m) – without a single discount.",
    "Ein großes Dankeschön an das ganze Team, das dieses Wochenende durchgehalten hat!",
    "Small reminder: it is fine to turn the notifications off.",
    "We benchmarked four JSON parsers so that you do not have to; the results surprised us.",
    "The data centre went down at 03:12, was back at 03:19, and nobody noticed. That is the post.",
    "Agree?",
    "Dziękujemy wszystkim, którzy przyszli – następne spotkanie już w środę.",
    "Happy Friday! What was the best thing you learned this week?",
};

constexpr std::string_view first_names[] = {"Maria", "Jürgen", "Aïcha",  "Олег",  "健太",   "Sofía", "Liam",   "Chloé",
                                            "Priya", "Mateus", "Zoë",    "Ahmed", "Ingrid", "Tomás", "Noor",   "Søren",
                                            "Wei",   "Fatou",  "Łukasz", "Emma",  "Kwame",  "Yuki",  "Gianni", "Anna"};
constexpr std::string_view last_names[] = {"López",    "Müller",  "Benali", "Иванов",   "田中",     "García",
                                           "O'Connor", "Dubois",  "Sharma", "da Silva", "van Dijk", "Hassan",
                                           "Nilsson",  "Novák",   "Rahman", "Sørensen", "Zhang",    "Diop",
                                           "Kowalski", "Johnson", "Mensah", "Sato",     "Rossi",    "Schmidt"};
constexpr std::string_view company_words[] = {
    "Nordic Data", "Blue \\u0026 Partners", "Atelier Zürich",       "Quantum Foods",
    "Rocket",      "Harbour Logistics",     "株式会社さくら",       "Verde Energía",
    "Granite",     "Open Harvest",          "Café \\\"Lumière\\\"", "Sisu"};
constexpr std::string_view headlines[] = {
    "CTO at a company you have not heard of yet | C++ | Networks",
    "Helping teams to ship \\u2022 Speaker \\u2022 Father of three",
    "Head of Growth (B2B SaaS) 🌱",
    "Professeure à l’Université de Genève",
    "Building things that last / ex-everything",
    "Recruiter – Hiring in Berlin, Warschau & Zürich",
    "Independent consultant, \\\"fixer\\\" of legacy systems",
    "学生・エンジニア",
};
constexpr std::string_view places[] = {"Lisboa, Portugal", "Zürich",   "São Paulo",     "Tokyo 東京",
                                       "Montréal, Québec", "Kraków",   "New York City", "Nairobi",
                                       "Tromsø",           "Île de Ré"};
constexpr std::string_view slug_words[] = {"maria", "jurgen", "aicha", "oleg",  "kenta",  "sofia", "liam", "chloe",
                                           "priya", "mateus", "zoe",   "ahmed", "ingrid", "tomas", "noor", "soren",
                                           "wei",   "fatou",  "lukas", "emma",  "kwame",  "yuki",  "anna", "gianni"};

template <std::size_t N>
std::string_view pick(const std::string_view (&choices)[N], std::uint64_t hash)
{
    return choices[hash % N];
}

}  // namespace

void append_text(std::string& out, rng& random, std::size_t length)
{
    const auto end = out.size() + length;
    while (out.size() < end) {
        const auto dice = random.next();
        out += pick(sentences, dice >> 8);
        out += dice % 4 == 0 ? "\\n\\n" : " ";
    }
}

void append_token(std::string& out, rng& random, std::size_t length)
{
    static constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (std::uint64_t bits = 0; length > 0; --length, bits >>= 6) {
        if (bits < 64) bits = random.next() | (1ull << 63);
        out += alphabet[bits & 63];
    }
}

void append_number(std::string& out, std::uint64_t value)
{
    char digits[24];
    const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
    out.append(digits, static_cast<std::size_t>(end - digits));
}

void append_time(std::string& out, std::int64_t milliseconds)
{
    namespace chrono = std::chrono;
    const chrono::sys_time<chrono::milliseconds> time{chrono::milliseconds(milliseconds)};
    const auto day = chrono::floor<chrono::days>(time);
    const chrono::year_month_day date{day};
    const chrono::hh_mm_ss clock{time - day};
    const auto padded = [&out](std::int64_t value, int width) {
        char digits[8];
        for (int i = width; i-- > 0; value /= 10) digits[i] = static_cast<char>('0' + value % 10);
        out.append(digits, static_cast<std::size_t>(width));
    };
    padded(static_cast<int>(date.year()), 4);
    out += '-';
    padded(static_cast<unsigned>(date.month()), 2);
    out += '-';
    padded(static_cast<unsigned>(date.day()), 2);
    out += 'T';
    padded(clock.hours().count(), 2);
    out += ':';
    padded(clock.minutes().count(), 2);
    out += ':';
    padded(clock.seconds().count(), 2);
    out += '.';
    padded(clock.subseconds().count(), 3);
    out += 'Z';
}

std::string_view first_name(std::uint64_t hash) { return pick(first_names, hash); }
std::string_view last_name(std::uint64_t hash) { return pick(last_names, hash); }
std::string_view company_word(std::uint64_t hash) { return pick(company_words, hash); }
std::string_view headline(std::uint64_t hash) { return pick(headlines, hash); }
std::string_view place(std::uint64_t hash) { return pick(places, hash); }
std::string_view slug_word(std::uint64_t hash) { return pick(slug_words, hash); }

}  // namespace unipile::simulator
