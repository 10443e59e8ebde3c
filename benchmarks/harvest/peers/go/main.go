// Go's net/http + encoding/json into structs, a goroutine a connection.
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

type author struct {
	PublicIdentifier *string `json:"public_identifier"`
	ID               *string `json:"id"`
	Name             *string `json:"name"`
	IsCompany        bool    `json:"is_company"`
	Headline         *string `json:"headline"`
}

type size struct {
	Width  float64 `json:"width"`
	Height float64 `json:"height"`
}

type attachment struct {
	ID           string   `json:"id"`
	Type         string   `json:"type"`
	FileSize     *float64 `json:"file_size"`
	Unavailable  bool     `json:"unavailable"`
	Mimetype     *string  `json:"mimetype"`
	URL          *string  `json:"url"`
	URLExpiresAt *float64 `json:"url_expires_at"`
	Size         *size    `json:"size"`
	Sticker      bool     `json:"sticker"`
	Gif          bool     `json:"gif"`
	Duration     *float64 `json:"duration"`
	VoiceNote    bool     `json:"voice_note"`
	FileName     *string  `json:"file_name"`
	StartsAt     *float64 `json:"starts_at"`
	ExpiresAt    *float64 `json:"expires_at"`
	TimeRange    *float64 `json:"time_range"`
}

// post holds the fields of both providers.
type post struct {
	Provider           string `json:"provider"`
	ID                 string `json:"id"`
	SocialID           string `json:"social_id"`
	ShareURL           string `json:"share_url"`
	Title              string `json:"title"`
	Text               string `json:"text"`
	Date               string `json:"date"`
	ParsedDatetime     string `json:"parsed_datetime"`
	ReactionCounter    int64  `json:"reaction_counter"`
	CommentCounter     int64  `json:"comment_counter"`
	RepostCounter      int64  `json:"repost_counter"`
	ImpressionsCounter int64  `json:"impressions_counter"`
	Author             author `json:"author"`
	WrittenBy          *struct {
		ID               string `json:"id"`
		PublicIdentifier string `json:"public_identifier"`
		Name             string `json:"name"`
	} `json:"written_by"`
	Permissions struct {
		CanReact        bool `json:"can_react"`
		CanShare        bool `json:"can_share"`
		CanPostComments bool `json:"can_post_comments"`
	} `json:"permissions"`
	IsRepost      bool    `json:"is_repost"`
	RepostID      *string `json:"repost_id"`
	RepostedBy    *author `json:"reposted_by"`
	RepostContent *struct {
		ID             *string `json:"id"`
		Date           string  `json:"date"`
		ParsedDatetime string  `json:"parsed_datetime"`
		Text           string  `json:"text"`
		Author         author  `json:"author"`
	} `json:"repost_content"`
	Attachments []attachment `json:"attachments"`
	Poll        *struct {
		ID              string `json:"id"`
		TotalVotesCount int64  `json:"total_votes_count"`
		Question        string `json:"question"`
		IsOpen          bool   `json:"is_open"`
		Options         []struct {
			ID         string `json:"id"`
			Text       string `json:"text"`
			Win        bool   `json:"win"`
			VotesCount int64  `json:"votes_count"`
		} `json:"options"`
	} `json:"poll"`
	Group *struct {
		ID      string `json:"id"`
		Name    string `json:"name"`
		Private bool   `json:"private"`
	} `json:"group"`
	Analytics *struct {
		Impressions                 float64  `json:"impressions"`
		Engagements                 float64  `json:"engagements"`
		EngagementRate              float64  `json:"engagement_rate"`
		Clicks                      float64  `json:"clicks"`
		ClickthroughRate            float64  `json:"clickthrough_rate"`
		PageViewersFromThisPost     *float64 `json:"page_viewers_from_this_post"`
		FollowersGainedFromThisPost *float64 `json:"followers_gained_from_this_post"`
		MembersReached              *float64 `json:"members_reached"`
	} `json:"analytics"`
	ProviderID                string  `json:"provider_id"`
	HasAudio                  bool    `json:"has_audio"`
	HasLiked                  bool    `json:"has_liked"`
	LikeCount                 int64   `json:"like_count"`
	CommentCount              int64   `json:"comment_count"`
	LikeAndViewCountsDisabled bool    `json:"like_and_view_counts_disabled"`
	CommentsDisabled          *bool   `json:"comments_disabled"`
	AccessibilityCaption      *string `json:"accessibility_caption"`
	Caption                   *struct {
		Edited         bool    `json:"edited"`
		HasTranslation bool    `json:"has_translation"`
		CreatedAt      float64 `json:"created_at"`
		Text           string  `json:"text"`
	} `json:"caption"`
	Video *struct {
		URL    string  `json:"url"`
		Width  float64 `json:"width"`
		Height float64 `json:"height"`
	} `json:"video"`
	PreviewImage struct {
		URL    string  `json:"url"`
		Width  float64 `json:"width"`
		Height float64 `json:"height"`
	} `json:"preview_image"`
	Owner struct {
		ID            string `json:"id"`
		Username      string `json:"username"`
		ProfilePicURL string `json:"profile_pic_url"`
		IsVerified    bool   `json:"is_verified"`
		IsPrivate     bool   `json:"is_private"`
	} `json:"owner"`
	Location *struct {
		Name string  `json:"name"`
		Lat  float64 `json:"lat"`
		Lng  float64 `json:"lng"`
	} `json:"location"`
}

type page struct {
	Items  []post  `json:"items"`
	Cursor *string `json:"cursor"`
}

type seen struct {
	pages, posts, ids, text, counters int64
	firstMs                           []float64
}

func (s *seen) touch(p *page) {
	s.pages++
	for i := range p.Items {
		item := &p.Items[i]
		s.posts++
		id := item.ID
		if item.Provider == "INSTAGRAM" {
			id = item.ProviderID
			if item.Caption != nil {
				s.text += int64(len(item.Caption.Text))
			}
			s.counters += item.LikeCount + item.CommentCount
		} else {
			s.text += int64(len(item.Text))
			s.counters += item.ReactionCounter + item.CommentCounter + item.RepostCounter
		}
		s.ids += int64(len(id))*256 + int64(id[len(id)-1])
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func walk(client *http.Client, identifiers <-chan string, out *seen) {
	base, key := os.Getenv("BENCH_URL"), os.Getenv("UNIPILE_API_KEY")
	var body bytes.Buffer
	for identifier := range identifiers {
		for cursor := ""; ; {
			target := base + "/api/v1/users/" + url.PathEscape(identifier) + "/posts?account_id=account&limit=100"
			if cursor != "" {
				target += "&cursor=" + url.QueryEscape(cursor)
			}
			asked := time.Now()
			request, err := http.NewRequest("GET", target, nil)
			check(err)
			request.Header.Set("X-API-KEY", key)
			request.Header.Set("Accept", "application/json")
			answer, err := client.Do(request)
			check(err)
			if answer.StatusCode != 200 {
				check(fmt.Errorf("status %d", answer.StatusCode))
			}
			body.Reset()
			_, err = body.ReadFrom(answer.Body)
			check(err)
			answer.Body.Close()
			var p page
			check(json.Unmarshal(body.Bytes(), &p))
			out.firstMs = append(out.firstMs, float64(time.Since(asked).Microseconds())/1000)
			out.touch(&p)
			if p.Cursor == nil || *p.Cursor == "" {
				break
			}
			cursor = *p.Cursor
		}
	}
}

// Kilobytes.
func peakRSS() (peak int64) {
	status, err := os.ReadFile("/proc/self/status")
	check(err)
	for _, line := range bytes.Split(status, []byte("\n")) {
		fmt.Sscanf(string(line), "VmHWM: %d kB", &peak)
	}
	return peak
}

func main() {
	started := time.Now()
	connections, err := strconv.Atoi(os.Getenv("BENCH_CONNECTIONS"))
	check(err)
	pem, err := os.ReadFile(os.Getenv("BENCH_CA"))
	check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	client := &http.Client{Transport: &http.Transport{
		MaxConnsPerHost: connections, MaxIdleConns: connections, MaxIdleConnsPerHost: connections,
		ReadBufferSize: 64 * 1024, DisableCompression: true,
		TLSClientConfig: &tls.Config{RootCAs: roots, ClientSessionCache: tls.NewLRUClientSessionCache(0)},
	}}

	jobs, err := os.Open(os.Getenv("BENCH_JOBS"))
	check(err)
	identifiers := make(chan string)
	go func() {
		for lines := bufio.NewScanner(jobs); lines.Scan(); {
			identifiers <- lines.Text()
		}
		close(identifiers)
	}()

	each := make([]seen, connections)
	var all sync.WaitGroup
	for i := range each {
		all.Add(1)
		go func(mine *seen) {
			defer all.Done()
			walk(client, identifiers, mine)
		}(&each[i])
	}
	all.Wait()

	var sum seen
	for _, s := range each {
		sum.pages += s.pages
		sum.posts += s.posts
		sum.ids += s.ids
		sum.text += s.text
		sum.counters += s.counters
		sum.firstMs = append(sum.firstMs, s.firstMs...)
	}
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	fmt.Printf("{\"pages\":%d,\"posts\":%d,\"ids\":%d,\"text\":%d,\"text_unit\":\"bytes\",\"counters\":%d,"+
		"\"user\":%f,\"system\":%f,\"wall\":%f,\"rss_kb\":%d", sum.pages, sum.posts, sum.ids, sum.text, sum.counters,
		seconds(usage.Utime), seconds(usage.Stime), time.Since(started).Seconds(), peakRSS())
	if os.Getenv("BENCH_FIRST") != "" {
		first, err := json.Marshal(sum.firstMs)
		check(err)
		fmt.Printf(",\"first_ms\":%s", first)
	}
	fmt.Println("}")
}
