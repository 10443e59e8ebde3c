// Following cursors with libcurl's multi interface, driven by epoll: keep-alive, one shared TLS session cache, the peer
// verified, bodies gathered in a buffer that each connection keeps.
#pragma once

#include "../../common/report.hpp"
#include "../../common/task.hpp"

#include <curl/curl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace peer {

/// `Parse` takes the page's bytes (with `padding` writable bytes behind them) and the time of their request, and gives
/// the cursor, empty at the end.
template <class Parse>
class curl_loop {
public:
    static constexpr std::size_t padding = 64;

    curl_loop(const benchmark::task& t, Parse& parse) : task_(t), parse_(parse)
    {
        curl_global_init(CURL_GLOBAL_DEFAULT);
        headers_ = curl_slist_append(headers_, ("X-API-KEY: " + t.api_key).c_str());
        headers_ = curl_slist_append(headers_, "Accept: application/json");
        share_ = curl_share_init();
        curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
        curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
        epoll_ = epoll_create1(0);
        multi_ = curl_multi_init();
        curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &curl_loop::on_socket);
        curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
        curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &curl_loop::on_timer);
        curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
        curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(t.connections));
    }
    curl_loop(const curl_loop&) = delete;
    curl_loop& operator=(const curl_loop&) = delete;
    ~curl_loop()
    {
        for (auto& s : slots_) curl_easy_cleanup(s->easy);
        curl_multi_cleanup(multi_);
        curl_share_cleanup(share_);
        curl_slist_free_all(headers_);
        ::close(epoll_);
    }

    void run()
    {
        for (std::size_t i = 0; i < std::min(task_.connections, task_.identifiers.size()); ++i) add_slot();
        int running = 1;
        epoll_event events[64];
        while (active_ > 0) {
            const int n = epoll_wait(epoll_, events, 64, static_cast<int>(timeout_));
            if (n == 0) {
                timeout_ = -1;
                curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
            }
            for (int i = 0; i < n; ++i) {
                const auto what = events[i].events;
                const int mask = ((what & (EPOLLIN | EPOLLHUP)) ? CURL_CSELECT_IN : 0) |
                                 ((what & EPOLLOUT) ? CURL_CSELECT_OUT : 0) |
                                 ((what & EPOLLERR) ? CURL_CSELECT_ERR : 0);
                curl_multi_socket_action(multi_, events[i].data.fd, mask, &running);
            }
            reap();
        }
    }

private:
    struct slot {
        CURL* easy = nullptr;
        std::string identifier;
        std::vector<char> body;
        std::size_t size = 0;
        std::chrono::steady_clock::time_point asked;
    };

    void add_slot()
    {
        slots_.push_back(std::make_unique<slot>());
        slot& s = *slots_.back();
        s.easy = curl_easy_init();
        s.body.resize(512 * 1024);
        curl_easy_setopt(s.easy, CURLOPT_PRIVATE, &s);
        curl_easy_setopt(s.easy, CURLOPT_SHARE, share_);
        curl_easy_setopt(s.easy, CURLOPT_CAINFO, task_.ca_file.c_str());
        curl_easy_setopt(s.easy, CURLOPT_HTTPHEADER, headers_);
        curl_easy_setopt(s.easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
        curl_easy_setopt(s.easy, CURLOPT_BUFFERSIZE, 512L * 1024);
        curl_easy_setopt(s.easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(s.easy, CURLOPT_WRITEFUNCTION, &curl_loop::on_body);
        curl_easy_setopt(s.easy, CURLOPT_WRITEDATA, &s);
        next_listing(s);
    }

    void next_listing(slot& s)
    {
        if (next_ == task_.identifiers.size()) return;
        s.identifier = task_.identifiers[next_++];
        fetch(s, {});
    }

    void fetch(slot& s, const std::string& cursor)
    {
        s.size = 0;
        s.asked = std::chrono::steady_clock::now();
        curl_easy_setopt(s.easy, CURLOPT_URL, (task_.url + benchmark::target(s.identifier, cursor)).c_str());
        curl_multi_add_handle(multi_, s.easy);
        ++active_;
    }

    void reap()
    {
        int left = 0;
        while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            CURL* easy = message->easy_handle;
            if (message->data.result != CURLE_OK) throw std::runtime_error(curl_easy_strerror(message->data.result));
            long status = 0;
            slot* s = nullptr;
            curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
            curl_easy_getinfo(easy, CURLINFO_PRIVATE, &s);
            if (status != 200) throw std::runtime_error("status " + std::to_string(status));
            curl_multi_remove_handle(multi_, easy);
            --active_;
            const std::string cursor = parse_(std::span<char>(s->body.data(), s->size), s->asked);
            if (cursor.empty())
                next_listing(*s);
            else
                fetch(*s, cursor);
        }
    }

    static std::size_t on_body(char* data, std::size_t, std::size_t n, void* self)
    {
        auto& s = *static_cast<slot*>(self);
        if (s.body.size() < s.size + n + padding) s.body.resize(2 * (s.size + n + padding));
        std::memcpy(s.body.data() + s.size, data, n);
        s.size += n;
        return n;
    }

    static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void* known)
    {
        auto& loop = *static_cast<curl_loop*>(self);
        if (what == CURL_POLL_REMOVE) {
            epoll_ctl(loop.epoll_, EPOLL_CTL_DEL, fd, nullptr);
            return 0;
        }
        epoll_event event{};
        event.data.fd = fd;
        if (what & CURL_POLL_IN) event.events |= EPOLLIN;
        if (what & CURL_POLL_OUT) event.events |= EPOLLOUT;
        epoll_ctl(loop.epoll_, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
        curl_multi_assign(loop.multi_, fd, self);
        return 0;
    }

    static int on_timer(CURLM*, long milliseconds, void* self)
    {
        static_cast<curl_loop*>(self)->timeout_ = milliseconds;
        return 0;
    }

    const benchmark::task& task_;
    Parse& parse_;
    std::vector<std::unique_ptr<slot>> slots_;
    curl_slist* headers_ = nullptr;
    CURLSH* share_ = nullptr;
    CURLM* multi_ = nullptr;
    int epoll_ = -1;
    long timeout_ = -1;
    std::size_t next_ = 0, active_ = 0;
};

}  // namespace peer
