BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'overdoor','m001_log_and_projections','2026-11-22 07:51:28.256713+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'overdoor','m002_telemetry','2026-11-22 07:51:28.259753+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'overdoor','m003_base','2026-11-22 07:51:28.262288+00:00');
INSERT INTO "_sqlite_migrations" VALUES(4,'overdoor','m_tags','2026-11-22 07:51:28.266195+00:00');
INSERT INTO "_sqlite_migrations" VALUES(5,'overdoor','m_updates','2026-11-22 07:51:28.269722+00:00');
INSERT INTO "_sqlite_migrations" VALUES(6,'overdoor','m004_accounts','2026-11-22 07:51:28.271341+00:00');
INSERT INTO "_sqlite_migrations" VALUES(7,'overdoor','m_reach','2026-11-22 07:51:28.275914+00:00');
CREATE TABLE account (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        name_key TEXT NOT NULL UNIQUE,
        role TEXT NOT NULL CHECK (role IN ('associate', 'manager')),
        languages TEXT NOT NULL CHECK (json_valid(languages)),
        departments TEXT NOT NULL CHECK (json_valid(departments)),
        secret TEXT,                     -- argon2 of PIN or password; NULL: not agreed yet
        made_at INTEGER NOT NULL,
        agreed_at INTEGER
    ) WITHOUT ROWID
    ;
CREATE TABLE base (kind TEXT, id TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE TABLE call (
        id TEXT PRIMARY KEY,
        room TEXT NOT NULL,
        zone TEXT NOT NULL,
        kind TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('raised', 'acknowledged', 'arrived', 'closed')),
        outcome TEXT CHECK ((outcome IS NULL) = (state <> 'closed')),
        raised_at INTEGER NOT NULL,
        arrived_at INTEGER,
        closed_at INTEGER,
        voided TEXT,
        body TEXT NOT NULL CHECK (json_valid(body))
    ) WITHOUT ROWID
    ;
INSERT INTO "call" VALUES('01m3250v00nby75zc353wkfyd6','w1','women','normal','raised',NULL,1790000000000,NULL,NULL,NULL,'{"id":"01m3250v00nby75zc353wkfyd6","room":"w1","zone":"women","kind":"normal","state":"raised","since":1790000000000,"raised_at":1790000000000,"policy":{"target_arrival_ms":60000,"acknowledgement_lapses_ms":90000,"close_after_ms":300000,"visit_gap_ms":600000,"stale_press_ms":120000,"give_up_ms":900000,"repage_ms":20000,"sightings":false,"offline_alarm_ms":300000,"pages_per_10_min":10,"steps":[{"after_ms":0,"page":"nearest","zones":[],"between":null},{"after_ms":20000,"page":"zone","zones":[],"between":null},{"after_ms":60000,"page":"shop","zones":[],"between":null}]},"visit":"01m3250v00nby75zc353wkfyd6","acknowledged_at":null,"arrived_at":null,"closed_at":null,"outcome":null,"need":null,"suspect":false,"only":null,"by":null,"evidence":null,"estimated":false,"arrival_estimated":false,"close_estimated":false,"presses":1,"lapses":0,"hand_offs":0,"demotions":0,"nudged":false,"asked":false,"lapsed_by":[],"fence":1,"next_step":1,"loop_at":1790000000000,"tried_at":1790000000000,"reached":true,"unreached":false,"silent":[],"paged_at":1790000000000,"paged":["duty-1"],"asked_zone":null,"asked_duty":null,"declined":[],"manager":false,"voided":null}');
INSERT INTO "call" VALUES('01m3251eh0we1j82kq5tgwx1t5','w2','women','normal','closed','served',1790000020000,1790000050000,1790000110000,NULL,'{"id":"01m3251eh0we1j82kq5tgwx1t5","room":"w2","zone":"women","kind":"normal","state":"closed","since":1790000110000,"raised_at":1790000020000,"policy":{"target_arrival_ms":60000,"acknowledgement_lapses_ms":90000,"close_after_ms":300000,"visit_gap_ms":600000,"stale_press_ms":120000,"give_up_ms":900000,"repage_ms":20000,"sightings":false,"offline_alarm_ms":300000,"pages_per_10_min":10,"steps":[{"after_ms":0,"page":"nearest","zones":[],"between":null},{"after_ms":20000,"page":"zone","zones":[],"between":null},{"after_ms":60000,"page":"shop","zones":[],"between":null}]},"visit":"01m3251eh0we1j82kq5tgwx1t5","acknowledged_at":null,"arrived_at":1790000050000,"closed_at":1790000110000,"outcome":"served","need":null,"suspect":false,"only":null,"by":null,"evidence":"A","estimated":false,"arrival_estimated":false,"close_estimated":false,"presses":1,"lapses":0,"hand_offs":0,"demotions":0,"nudged":false,"asked":false,"lapsed_by":[],"fence":3,"next_step":1,"loop_at":1790000020000,"tried_at":1790000020000,"reached":true,"unreached":false,"silent":[],"paged_at":1790000020000,"paged":["duty-1"],"asked_zone":null,"asked_duty":null,"declined":[],"manager":false,"voided":null}');
CREATE TABLE device (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "device" VALUES('button-m1','{"id":"button-m1","status":"unknown","status_at":null,"boot":null,"heard_at":null,"heard_before":null,"used_at":0,"kind":null,"model":null,"firmware":null,"caps":[],"boots":[],"alarm":null,"dark_until":0,"homes":[[1790000000000,"m1"]]}');
INSERT INTO "device" VALUES('cp-w1','{"id":"cp-w1","status":"unknown","status_at":null,"boot":null,"heard_at":1790000000000,"heard_before":null,"used_at":1790000000000,"kind":null,"model":null,"firmware":null,"caps":[],"boots":[{"id":"00000000000a","upto":1,"beyond":[]}],"alarm":null,"dark_until":0,"homes":[[1790000000000,"w1"]]}');
INSERT INTO "device" VALUES('cp-w2','{"id":"cp-w2","status":"unknown","status_at":null,"boot":null,"heard_at":1790000110000,"heard_before":null,"used_at":1790000110000,"kind":null,"model":null,"firmware":null,"caps":[],"boots":[{"id":"00000000000a","upto":3,"beyond":[]}],"alarm":null,"dark_until":0,"homes":[[1790000000000,"w2"]]}');
INSERT INTO "device" VALUES('lamp-m1','{"id":"lamp-m1","status":"unknown","status_at":null,"boot":null,"heard_at":null,"heard_before":null,"used_at":0,"kind":null,"model":null,"firmware":null,"caps":[],"boots":[],"alarm":null,"dark_until":0,"homes":[[1790000000000,"m1"]]}');
INSERT INTO "device" VALUES('pg-1','{"id":"pg-1","status":"unknown","status_at":null,"boot":null,"heard_at":null,"heard_before":null,"used_at":0,"kind":null,"model":null,"firmware":null,"caps":[],"boots":[],"alarm":null,"dark_until":0,"homes":[[1790000000000,null]]}');
CREATE TABLE device_update (device TEXT PRIMARY KEY, at INTEGER NOT NULL, version TEXT NOT NULL, stage TEXT NOT NULL, reason TEXT) WITHOUT ROWID;
CREATE TABLE duty (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "duty" VALUES('duty-1','{"id":"duty-1","zone":"women","since":1790000000000,"skills":[],"badge":null,"paused":false,"place":null,"place_at":null,"pages":[1790000000000,1790000020000]}');
CREATE TABLE event (
        seq INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,        -- when it happened, ms since 1970 UTC
        noted_at INTEGER NOT NULL,  -- when the gateway learned of it
        fact TEXT NOT NULL,
        room TEXT, call TEXT, duty TEXT,
        device TEXT, boot TEXT, n INTEGER,
        key TEXT,                   -- idempotency key of the answer behind it
        data TEXT NOT NULL CHECK (json_valid(data))
    );
INSERT INTO "event" VALUES(1,1790000000000,1790000000000,'configured',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{"plan":{"zones":{"women":{"id":"women","name":"Women"},"men":{"id":"men","name":"Men"}},"rooms":{"w1":{"id":"w1","name":"Women 1","zone":"women","at":[0.0,0.0],"devices":["cp-w1"],"skills":[],"training":false},"w2":{"id":"w2","name":"Women 2","zone":"women","at":[10.0,0.0],"devices":["cp-w2"],"skills":[],"training":false},"m1":{"id":"m1","name":"Men 1","zone":"men","at":[40.0,0.0],"devices":["button-m1","lamp-m1"],"skills":[],"training":false}},"pagers":{"pg-1":{"device":"pg-1","zone":null}},"policy":{"target_arrival_ms":60000,"acknowledgement_lapses_ms":90000,"close_after_ms":300000,"visit_gap_ms":600000,"stale_press_ms":120000,"give_up_ms":900000,"repage_ms":20000,"sightings":false,"offline_alarm_ms":300000,"pages_per_10_min":10,"steps":[{"after_ms":0,"page":"nearest","zones":[],"between":null},{"after_ms":20000,"page":"zone","zones":[],"between":null},{"after_ms":60000,"page":"shop","zones":[],"between":null}]},"timezone":"UTC","hours":null,"walls":[],"waypoints":[],"need_skills":{},"mystery":null}}');
INSERT INTO "event" VALUES(2,1790000000000,1790000000000,'duty_started',NULL,NULL,'duty-1',NULL,NULL,NULL,NULL,'{"zone":"women","skills":[],"badge":null}');
INSERT INTO "event" VALUES(3,1790000000000,1790000000000,'heard',NULL,NULL,NULL,'cp-w1','00000000000a',1,NULL,'{"low":1,"type":"button","aged":true}');
INSERT INTO "event" VALUES(4,1790000000000,1790000000000,'raised','w1','01m3250v00nby75zc353wkfyd6',NULL,NULL,NULL,NULL,NULL,'{"zone":"women","kind":"normal","need":null,"visit":"01m3250v00nby75zc353wkfyd6","estimated":false,"suspect":false,"only":null,"source":"button","presses":1,"policy":{"target_arrival_ms":60000,"acknowledgement_lapses_ms":90000,"close_after_ms":300000,"visit_gap_ms":600000,"stale_press_ms":120000,"give_up_ms":900000,"repage_ms":20000,"sightings":false,"offline_alarm_ms":300000,"pages_per_10_min":10,"steps":[{"after_ms":0,"page":"nearest","zones":[],"between":null},{"after_ms":20000,"page":"zone","zones":[],"between":null},{"after_ms":60000,"page":"shop","zones":[],"between":null}]}}');
INSERT INTO "event" VALUES(5,1790000000000,1790000000000,'paged','w1','01m3250v00nby75zc353wkfyd6',NULL,NULL,NULL,NULL,NULL,'{"step":0,"passed":[],"next":1,"target":"nearest","duties":["duty-1"],"why":[{"duty":"duty-1","lapsed":false,"free":true,"next_door":false,"same_visit":false,"missing":[],"metres":5.0,"doubt_m":8.0,"recent_pages":0,"over_budget":false,"silent":false}]}');
INSERT INTO "event" VALUES(6,1790000020000,1790000020000,'heard',NULL,NULL,NULL,'cp-w2','00000000000a',1,NULL,'{"low":1,"type":"button","aged":true}');
INSERT INTO "event" VALUES(7,1790000020000,1790000020000,'raised','w2','01m3251eh0we1j82kq5tgwx1t5',NULL,NULL,NULL,NULL,NULL,'{"zone":"women","kind":"normal","need":null,"visit":"01m3251eh0we1j82kq5tgwx1t5","estimated":false,"suspect":false,"only":null,"source":"button","presses":1,"policy":{"target_arrival_ms":60000,"acknowledgement_lapses_ms":90000,"close_after_ms":300000,"visit_gap_ms":600000,"stale_press_ms":120000,"give_up_ms":900000,"repage_ms":20000,"sightings":false,"offline_alarm_ms":300000,"pages_per_10_min":10,"steps":[{"after_ms":0,"page":"nearest","zones":[],"between":null},{"after_ms":20000,"page":"zone","zones":[],"between":null},{"after_ms":60000,"page":"shop","zones":[],"between":null}]}}');
INSERT INTO "event" VALUES(8,1790000020000,1790000020000,'paged','w2','01m3251eh0we1j82kq5tgwx1t5',NULL,NULL,NULL,NULL,NULL,'{"step":0,"passed":[],"next":1,"target":"nearest","duties":["duty-1"],"why":[{"duty":"duty-1","lapsed":false,"free":true,"next_door":false,"same_visit":false,"missing":[],"metres":5.0,"doubt_m":8.0,"recent_pages":1,"over_budget":false,"silent":false}]}');
INSERT INTO "event" VALUES(9,1790000050000,1790000050000,'heard',NULL,NULL,NULL,'cp-w2','00000000000a',2,NULL,'{"low":1,"type":"button","aged":true}');
INSERT INTO "event" VALUES(10,1790000050000,1790000050000,'arrived','w2','01m3251eh0we1j82kq5tgwx1t5',NULL,NULL,NULL,NULL,NULL,'{"evidence":"A","estimated":false}');
INSERT INTO "event" VALUES(11,1790000110000,1790000110000,'heard',NULL,NULL,NULL,'cp-w2','00000000000a',3,NULL,'{"low":1,"type":"button","aged":true}');
INSERT INTO "event" VALUES(12,1790000110000,1790000110000,'closed','w2','01m3251eh0we1j82kq5tgwx1t5',NULL,NULL,NULL,NULL,NULL,'{"outcome":"served","estimated":false}');
CREATE TABLE invitation (            -- a link that works once
        token_hash TEXT PRIMARY KEY,
        account TEXT,                    -- NULL: of the first manager
        until INTEGER NOT NULL
    ) WITHOUT ROWID
    ;
CREATE TABLE ledger (device TEXT, boot TEXT, upto INTEGER NOT NULL, beyond TEXT NOT NULL, PRIMARY KEY (device, boot)) WITHOUT ROWID;
CREATE TABLE meta (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
INSERT INTO "meta" VALUES('rev',1790000110001);
CREATE TABLE person (
        duty TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        token_hash TEXT NOT NULL UNIQUE  -- of the session, SHA-256
    , account TEXT) WITHOUT ROWID
    ;
CREATE TABLE reach (id INTEGER PRIMARY KEY, call TEXT NOT NULL, who TEXT NOT NULL, rung TEXT NOT NULL, state TEXT NOT NULL, at INTEGER NOT NULL, detail TEXT);
CREATE TABLE room (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "room" VALUES('w1','{"changed_at":1790000000000,"last":null,"closing":null,"gone":[],"need":null,"need_at":0,"service":"open","service_until":null}');
INSERT INTO "room" VALUES('w2','{"changed_at":1790000110000,"last":{"id":"01m3251eh0we1j82kq5tgwx1t5","room":"w2","zone":"women","kind":"normal","state":"closed","since":1790000110000,"raised_at":1790000020000,"policy":{"target_arrival_ms":60000,"acknowledgement_lapses_ms":90000,"close_after_ms":300000,"visit_gap_ms":600000,"stale_press_ms":120000,"give_up_ms":900000,"repage_ms":20000,"sightings":false,"offline_alarm_ms":300000,"pages_per_10_min":10,"steps":[{"after_ms":0,"page":"nearest","zones":[],"between":null},{"after_ms":20000,"page":"zone","zones":[],"between":null},{"after_ms":60000,"page":"shop","zones":[],"between":null}]},"visit":"01m3251eh0we1j82kq5tgwx1t5","acknowledged_at":null,"arrived_at":1790000050000,"closed_at":1790000110000,"outcome":"served","need":null,"suspect":false,"only":null,"by":null,"evidence":"A","estimated":false,"arrival_estimated":false,"close_estimated":false,"presses":1,"lapses":0,"hand_offs":0,"demotions":0,"nudged":false,"asked":false,"lapsed_by":[],"fence":3,"next_step":1,"loop_at":1790000020000,"tried_at":1790000020000,"reached":true,"unreached":false,"silent":[],"paged_at":1790000020000,"paged":["duty-1"],"asked_zone":null,"asked_duty":null,"declined":[],"manager":false,"voided":null},"closing":null,"gone":[],"need":null,"need_at":0,"service":"open","service_until":null}');
CREATE TABLE session (
        token_hash TEXT PRIMARY KEY,     -- SHA-256
        account TEXT NOT NULL,
        since INTEGER NOT NULL,
        until INTEGER NOT NULL
    ) WITHOUT ROWID
    ;
CREATE TABLE shop (id INTEGER PRIMARY KEY CHECK (id = 1), plan TEXT NOT NULL);
INSERT INTO "shop" VALUES(1,'{"zones": {"women": {"id": "women", "name": "Women"}, "men": {"id": "men", "name": "Men"}}, "rooms": {"w1": {"id": "w1", "name": "Women 1", "zone": "women", "at": [0.0, 0.0], "devices": ["cp-w1"], "skills": [], "training": false}, "w2": {"id": "w2", "name": "Women 2", "zone": "women", "at": [10.0, 0.0], "devices": ["cp-w2"], "skills": [], "training": false}, "m1": {"id": "m1", "name": "Men 1", "zone": "men", "at": [40.0, 0.0], "devices": ["button-m1", "lamp-m1"], "skills": [], "training": false}}, "pagers": {"pg-1": {"device": "pg-1", "zone": null}}, "policy": {"target_arrival_ms": 60000, "acknowledgement_lapses_ms": 90000, "close_after_ms": 300000, "visit_gap_ms": 600000, "stale_press_ms": 120000, "give_up_ms": 900000, "repage_ms": 20000, "sightings": false, "offline_alarm_ms": 300000, "pages_per_10_min": 10, "steps": [{"after_ms": 0, "page": "nearest", "zones": [], "between": null}, {"after_ms": 20000, "page": "zone", "zones": [], "between": null}, {"after_ms": 60000, "page": "shop", "zones": [], "between": null}]}, "timezone": "UTC", "hours": null, "walls": [], "waypoints": [], "need_skills": {}, "mystery": null}');
CREATE TABLE tag (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE telemetry (device TEXT, at INTEGER, rssi INTEGER, heap_free INTEGER, uptime_s INTEGER, outbox INTEGER, PRIMARY KEY (device, at)) WITHOUT ROWID;
CREATE TABLE token (                 -- of programs
        token_hash TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        role TEXT NOT NULL,
        made_at INTEGER NOT NULL,
        until INTEGER
    ) WITHOUT ROWID
    ;
CREATE TABLE way (duty TEXT NOT NULL, kind TEXT NOT NULL, target TEXT NOT NULL, keys TEXT NOT NULL CHECK (json_valid(keys)), base TEXT NOT NULL, UNIQUE (duty, kind, target));
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE UNIQUE INDEX event_of_device ON event (device, boot, n) WHERE n IS NOT NULL;
CREATE UNIQUE INDEX event_key ON event (key) WHERE key IS NOT NULL;
CREATE INDEX event_of_call ON event (call, seq) WHERE call IS NOT NULL;
CREATE UNIQUE INDEX one_open_call_per_room ON call (room) WHERE state <> 'closed';
CREATE INDEX call_raised ON call (raised_at);
CREATE INDEX event_described ON event (device, at) WHERE fact = 'described';
CREATE INDEX session_of_account ON session (account);
CREATE INDEX reach_of_call ON reach (call);
CREATE INDEX reach_at ON reach (at);
COMMIT;
