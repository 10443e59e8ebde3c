// A store as the last program wrote it that knew schema version 1 only, in the middle of its second run.
#pragma once

namespace unipile::store::test {

// The output of `sqlite3 FILE .dump`.
inline constexpr const char* store_of_version_1 = R"sql(
PRAGMA page_size = 16384;
PRAGMA journal_mode = WAL;
BEGIN;
CREATE TABLE runs(
    run INTEGER PRIMARY KEY,
    mode TEXT NOT NULL,                   -- update, full
    max_posts INTEGER NOT NULL,
    since INTEGER,
    since_run INTEGER NOT NULL,
    job_order TEXT NOT NULL,              -- least_recent, listed
    retry_failed INTEGER NOT NULL,
    label TEXT NOT NULL,
    listed INTEGER NOT NULL DEFAULT 0,    -- jobs added so far
    started INTEGER NOT NULL,
    ended INTEGER,
    outcome TEXT NOT NULL DEFAULT '');
INSERT INTO runs VALUES(1,'update',0,NULL,5,'least_recent',0,'jobs.csv',3,1700000000000,1700000006000,'complete');
INSERT INTO runs VALUES(2,'full',0,NULL,5,'least_recent',0,'jobs.csv',6,1700001000000,NULL,'');
CREATE TABLE jobs(
    job INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    identifier TEXT NOT NULL,
    company INTEGER NOT NULL,
    run INTEGER NOT NULL,                 -- the last one that had it
    state INTEGER NOT NULL DEFAULT 0,     -- 0 queued, 1 delayed, 2 leased, 3 done, 4 failed
    sort_key INTEGER NOT NULL DEFAULT 0,
    due INTEGER,                          -- when the delay or the lease ends; null in other states
    fence INTEGER NOT NULL DEFAULT 0,     -- raised by each claim
    lease_ms INTEGER NOT NULL DEFAULT 0,  -- each write prolongs the lease by this
    worker TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0,  -- in this run
    end_reason TEXT NOT NULL DEFAULT '',
    failure TEXT NOT NULL DEFAULT '',
    failure_type TEXT NOT NULL DEFAULT '',
    may_pass INTEGER NOT NULL DEFAULT 0,
    posts INTEGER NOT NULL DEFAULT 0,     -- found in this listing, ever
    pages INTEGER NOT NULL DEFAULT 0,
    requests INTEGER NOT NULL DEFAULT 0,
    whole INTEGER NOT NULL DEFAULT 0,     -- everything is stored, as of `harvested`
    harvested INTEGER,
    timeline TEXT NOT NULL DEFAULT '',    -- which stretches are proven, and where to go on
    UNIQUE(account, identifier, company));
INSERT INTO jobs VALUES(1,'acc0','alice',0,2,2,1700000003000,1700001302000,2,300000,'w',1,'','','',0,8,4,4,1,1700000003000,'{"version":1,"next":3,"stretches":[{"first":2,"last":2,"posts":3,"closed":false,"position":"6","page":"","boundary":"6","floor":null,"at":1700001002000},{"first":1,"last":1,"posts":5,"closed":true,"position":"","page":"","boundary":"","floor":null,"at":1700000003000}],"walk":{"active":true,"full":true,"max_posts":0,"since":null,"since_run":5,"began":1700001001000,"passed":3,"unbroken":true,"saved_position":false,"want_overlap":false,"candidate":0,"in_a_row":0,"older_in_a_row":0,"left":"","left_at":0}}');
INSERT INTO jobs VALUES(2,'acc1','bob',0,2,3,1700000005000,NULL,2,300000,'w',1,'null_cursor','','',0,5,3,3,1,1700001004000,'{"version":1,"next":3,"stretches":[{"first":1,"last":2,"posts":5,"closed":true,"position":"","page":"","boundary":"","floor":null,"at":1700001003000}],"walk":{"active":false,"full":true,"max_posts":0,"since":null,"since_run":5,"began":1700001001000,"passed":5,"unbroken":true,"saved_position":false,"want_overlap":false,"candidate":1,"in_a_row":2,"older_in_a_row":0,"left":"","left_at":0}}');
INSERT INTO jobs VALUES(3,'acc0','carol',0,2,4,1700000006000,NULL,2,300000,'w',1,'failed','no such profile','errors/invalid_recipient',0,0,1,2,1,1700000006000,'{"version":1,"next":3,"stretches":[{"first":2,"last":2,"posts":0,"closed":false,"position":"","page":"","boundary":"","floor":null,"at":0},{"first":1,"last":1,"posts":0,"closed":true,"position":"","page":"","boundary":"","floor":null,"at":1700000006000}],"walk":{"active":true,"full":true,"max_posts":0,"since":null,"since_run":5,"began":1700001001000,"passed":0,"unbroken":true,"saved_position":false,"want_overlap":false,"candidate":0,"in_a_row":0,"older_in_a_row":0,"left":"","left_at":0}}');
INSERT INTO jobs VALUES(4,'acc1','dave',0,2,1,0,1700005000000,1,300000,'w',1,'failed','try later','errors/network_down',1,0,0,1,0,NULL,'{"version":1,"next":2,"stretches":[{"first":1,"last":1,"posts":0,"closed":false,"position":"","page":"","boundary":"","floor":null,"at":0}],"walk":{"active":true,"full":true,"max_posts":0,"since":null,"since_run":5,"began":1700001001000,"passed":0,"unbroken":true,"saved_position":false,"want_overlap":false,"candidate":0,"in_a_row":0,"older_in_a_row":0,"left":"","left_at":0}}');
INSERT INTO jobs VALUES(5,'acc2','77',1,2,2,0,1700001301000,1,300000,'w',1,'','','',0,0,0,0,0,NULL,'{"version":1,"next":2,"stretches":[{"first":1,"last":1,"posts":0,"closed":false,"position":"","page":"","boundary":"","floor":null,"at":0}],"walk":{"active":true,"full":true,"max_posts":0,"since":null,"since_run":5,"began":1700001001000,"passed":0,"unbroken":true,"saved_position":false,"want_overlap":false,"candidate":0,"in_a_row":0,"older_in_a_row":0,"left":"","left_at":0}}');
INSERT INTO jobs VALUES(6,'acc2','eve',0,2,0,0,NULL,1,300000,'w',1,'','','',0,0,0,0,0,NULL,'{"version":1,"next":2,"stretches":[{"first":1,"last":1,"posts":0,"closed":false,"position":"","page":"","boundary":"","floor":null,"at":0}],"walk":{"active":true,"full":true,"max_posts":0,"since":null,"since_run":5,"began":1700001001000,"passed":0,"unbroken":true,"saved_position":false,"want_overlap":false,"candidate":0,"in_a_row":0,"older_in_a_row":0,"left":"","left_at":0}}');
CREATE TABLE posts(
    post INTEGER PRIMARY KEY,
    provider TEXT NOT NULL,
    id TEXT NOT NULL,                     -- `content:` and a hash where the provider gave none
    job INTEGER NOT NULL,                 -- the listing that found it first
    view INTEGER NOT NULL,                -- the listing whose JSON this is
    published INTEGER,
    first_seen INTEGER NOT NULL,
    changed INTEGER NOT NULL,             -- when the JSON was taken
    content BLOB NOT NULL,                -- hashes of the JSON's parts
    counters INTEGER NOT NULL,
    own INTEGER NOT NULL,
    json TEXT NOT NULL);
INSERT INTO posts VALUES(1,'LINKEDIN','alice-8',1,1,1600000480000,1700000001000,1700000001000,X'13eb6ce1454d9ad1ab1e5c1bab8073b1',5989734022124456694,0,'{"object":"Post","provider":"LINKEDIN","id":"alice-8","text":"post 8 of alice","reaction_counter":0}');
INSERT INTO posts VALUES(2,'LINKEDIN','alice-7',1,1,1600000420000,1700000001000,1700000001000,X'18eb48908df3725f0b130e839dcd52c4',5989734022124456694,0,'{"object":"Post","provider":"LINKEDIN","id":"alice-7","text":"post 7 of alice","reaction_counter":0}');
INSERT INTO posts VALUES(3,'LINKEDIN','alice-6',1,1,1600000360000,1700000001000,1700000001000,X'ff584b79a9276d64ccb32f98f32207d7',5989734022124456694,0,'{"object":"Post","provider":"LINKEDIN","id":"alice-6","text":"post 6 of alice","reaction_counter":0}');
INSERT INTO posts VALUES(4,'LINKEDIN','alice-5',1,1,1600000300000,1700000002000,1700000002000,X'57aed6c051ec34f2fe9d49f80ed9c380',5989734022124456694,0,'{"object":"Post","provider":"LINKEDIN","id":"alice-5","text":"post 5 of alice","reaction_counter":0}');
INSERT INTO posts VALUES(5,'LINKEDIN','alice-4',1,1,1600000240000,1700000002000,1700000002000,X'f975647312dbd039eb107f236f8f64c7',5989734022124456694,0,'{"object":"Post","provider":"LINKEDIN","id":"alice-4","text":"post 4 of alice","reaction_counter":0}');
INSERT INTO posts VALUES(6,'LINKEDIN','alice-3',1,1,1600000180000,1700000002000,1700000002000,X'120ca67e67eb4b025b4eed3c69540ed7',5989734022124456694,0,'{"object":"Post","provider":"LINKEDIN","id":"alice-3","text":"post 3 of alice","reaction_counter":0}');
INSERT INTO posts VALUES(7,'LINKEDIN','alice-2',1,1,1600000120000,1700000003000,1700000003000,X'80c924cc4e0de2ec6baaa9822fe18607',5989734022124456694,0,'{"object":"Post","provider":"LINKEDIN","id":"alice-2","text":"post 2 of alice","reaction_counter":0}');
INSERT INTO posts VALUES(8,'LINKEDIN','alice-1',1,1,1600000060000,1700000003000,1700000003000,X'7d2a2844fa4d453b6d5435d2599f6eae',5989734022124456694,0,'{"object":"Post","provider":"LINKEDIN","id":"alice-1","text":"post 1 of alice","reaction_counter":0}');
INSERT INTO posts VALUES(9,'LINKEDIN','bob-5',2,2,1600000300000,1700000004000,1700000004000,X'45797d931f9e11add8ea6d7505b7df42',5989734022124456694,0,'{"object":"Post","provider":"LINKEDIN","id":"bob-5","text":"post 5 of bob","reaction_counter":0}');
INSERT INTO posts VALUES(10,'LINKEDIN','bob-4',2,2,1600000240000,1700000004000,1700000004000,X'225f24c15d2831272ea0892cb357a32c',5989734022124456694,0,'{"object":"Post","provider":"LINKEDIN","id":"bob-4","text":"post 4 of bob","reaction_counter":0}');
INSERT INTO posts VALUES(11,'LINKEDIN','bob-3',2,2,1600000180000,1700000004000,1700000004000,X'd15b6767a78dda99aa1d2438190379a6',5989734022124456694,0,'{"object":"Post","provider":"LINKEDIN","id":"bob-3","text":"post 3 of bob","reaction_counter":0}');
INSERT INTO posts VALUES(12,'LINKEDIN','bob-2',2,2,1600000120000,1700000005000,1700000005000,X'4ab5264d2047ecaa180c429d2a4e34b9',5989734022124456694,0,'{"object":"Post","provider":"LINKEDIN","id":"bob-2","text":"post 2 of bob","reaction_counter":0}');
INSERT INTO posts VALUES(13,'LINKEDIN','bob-1',2,2,1600000060000,1700000005000,1700000005000,X'6253223797766b284646d0d1b2ec99be',5989734022124456694,0,'{"object":"Post","provider":"LINKEDIN","id":"bob-1","text":"post 1 of bob","reaction_counter":0}');
CREATE TABLE sightings(
    job INTEGER NOT NULL,
    post INTEGER NOT NULL,
    place INTEGER NOT NULL,               -- twice the walk that places it in the timeline, odd if in its natural place
    walk INTEGER NOT NULL,                -- the last walk that saw it
    finder INTEGER NOT NULL,              -- 1: this listing found the post first
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    gone INTEGER,                         -- when a full walk did not see it any more
    PRIMARY KEY(job, post)) WITHOUT ROWID;
INSERT INTO sightings VALUES(1,1,4,2,1,1700000001000,1700001002000,NULL);
INSERT INTO sightings VALUES(1,2,4,2,1,1700000001000,1700001002000,NULL);
INSERT INTO sightings VALUES(1,3,4,2,1,1700000001000,1700001002000,NULL);
INSERT INTO sightings VALUES(1,4,3,1,1,1700000002000,1700000002000,NULL);
INSERT INTO sightings VALUES(1,5,3,1,1,1700000002000,1700000002000,NULL);
INSERT INTO sightings VALUES(1,6,3,1,1,1700000002000,1700000002000,NULL);
INSERT INTO sightings VALUES(1,7,3,1,1,1700000003000,1700000003000,NULL);
INSERT INTO sightings VALUES(1,8,3,1,1,1700000003000,1700000003000,NULL);
INSERT INTO sightings VALUES(2,9,4,2,1,1700000004000,1700001003000,NULL);
INSERT INTO sightings VALUES(2,10,4,2,1,1700000004000,1700001003000,NULL);
INSERT INTO sightings VALUES(2,11,4,2,1,1700000004000,1700001003000,NULL);
INSERT INTO sightings VALUES(2,12,5,2,1,1700000005000,1700001003000,NULL);
INSERT INTO sightings VALUES(2,13,5,2,1,1700000005000,1700001003000,NULL);
CREATE TABLE quarantined(
    item INTEGER PRIMARY KEY,
    job INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    hash BLOB NOT NULL,
    why TEXT NOT NULL,
    raw BLOB NOT NULL,
    UNIQUE(job, hash));
INSERT INTO quarantined VALUES(1,2,1700001003000,X'aa2d3c39c86a17a984d0ca0a11021d96','not JSON',X'7b2262726f6b656e223a7472757d');
CREATE TABLE accounts(
    account TEXT PRIMARY KEY,
    ledger TEXT NOT NULL,
    provider TEXT NOT NULL,
    parked INTEGER NOT NULL,
    parked_since INTEGER,
    waits_until INTEGER,
    why TEXT NOT NULL,
    requests INTEGER NOT NULL,
    used_today INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    unpark INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
INSERT INTO accounts VALUES('acc0','ledger','LINKEDIN',0,NULL,NULL,'',9,3,1700001006000,0);
INSERT INTO accounts VALUES('acc2','ledger','LINKEDIN',1,1700000900000,NULL,'errors/disconnected_account',9,3,1700001006000,0);
CREATE INDEX jobs_by_state ON jobs(run, state, account, sort_key);
CREATE INDEX jobs_queued ON jobs(run, sort_key) WHERE state = 0;
CREATE INDEX jobs_waiting ON jobs(due) WHERE due IS NOT NULL;
CREATE UNIQUE INDEX posts_by_id ON posts(id, provider);
CREATE INDEX sightings_by_others ON sightings(post) WHERE finder = 0;
CREATE VIEW found AS
    SELECT p.provider, p.id, j.account, j.identifier, j.company, p.published, s.first_seen, s.last_seen, s.gone, p.json
    FROM sightings s JOIN posts p ON p.post = s.post JOIN jobs j ON j.job = s.job;
PRAGMA application_id = 1433299312;
PRAGMA user_version = 1;
COMMIT;
)sql";

}  // namespace unipile::store::test
