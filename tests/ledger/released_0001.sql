BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE audit (
	seq INTEGER NOT NULL, 
	at_ms BIGINT NOT NULL, 
	who TEXT NOT NULL, 
	action TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	PRIMARY KEY (seq), 
	CONSTRAINT at_ms_bounded CHECK (at_ms BETWEEN -9007199254740992 AND 9007199254740992)
);
INSERT INTO "audit" VALUES(1,7,'admin','pause','acme','','f171ed43af50e0cd2d7c4b4593e0b1905a10a6ab5eae29e0e578e6e6c80b58bd');
CREATE TABLE bookings (
	seq INTEGER NOT NULL, 
	month TEXT NOT NULL, 
	until_ms BIGINT NOT NULL, 
	last_slice BIGINT NOT NULL, 
	last_state BIGINT NOT NULL, 
	policy INTEGER NOT NULL, 
	digest TEXT NOT NULL, 
	PRIMARY KEY (seq), 
	CONSTRAINT until_ms_bounded CHECK (until_ms BETWEEN -9007199254740992 AND 9007199254740992), 
	CONSTRAINT last_slice_bounded CHECK (last_slice BETWEEN -9007199254740992 AND 9007199254740992), 
	CONSTRAINT last_state_bounded CHECK (last_state BETWEEN -9007199254740992 AND 9007199254740992), 
	FOREIGN KEY(policy) REFERENCES policies (seq)
);
INSERT INTO "bookings" VALUES(1,'2026-11',1793500180000,28,38,1,'5f36ad9f856a66abbb1901e9a2b2c3fa25167753cfa398847774232d77969bee');
CREATE TABLE capacity (
	seq INTEGER NOT NULL, 
	at_ms BIGINT NOT NULL, 
	node TEXT NOT NULL, 
	content TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	PRIMARY KEY (seq), 
	CONSTRAINT at_ms_bounded CHECK (at_ms BETWEEN -9007199254740992 AND 9007199254740992), 
	CONSTRAINT capacity_once UNIQUE (at_ms, node, content)
);
INSERT INTO "capacity" VALUES(1,1793500000000,'n1','{"capacity":{"cpu":4000,"gpus":[["a100",2]],"memory":8192},"id":"n1","labels":[],"pool":"p","state":"up"}','945db4fc137fea0a3afdf835ce100fb8a876911b71017061c62b6ac3f344151e');
INSERT INTO "capacity" VALUES(2,1793500000000,'n2','{"capacity":{"cpu":2000,"gpus":[],"memory":4096},"id":"n2","labels":[],"pool":"p","state":"up"}','439c908a1155e16645be633babdf32a862b42b472d3c423830f828f58125eb86');
CREATE TABLE charges (
	seq INTEGER NOT NULL, 
	booking INTEGER NOT NULL, 
	month TEXT NOT NULL, 
	tenant TEXT NOT NULL, 
	project TEXT NOT NULL, 
	rule TEXT NOT NULL, 
	resource TEXT NOT NULL, 
	price_version TEXT NOT NULL, 
	quantity TEXT NOT NULL, 
	price_micro BIGINT NOT NULL, 
	micro BIGINT NOT NULL, 
	gone BOOLEAN NOT NULL, 
	digest TEXT NOT NULL, 
	PRIMARY KEY (seq), 
	CONSTRAINT price_micro_bounded CHECK (price_micro BETWEEN -9223372036854775807 AND 9223372036854775807), 
	CONSTRAINT micro_bounded CHECK (micro BETWEEN -9223372036854775807 AND 9223372036854775807), 
	FOREIGN KEY(booking) REFERENCES bookings (seq)
);
INSERT INTO "charges" VALUES(1,1,'2026-11','acme','P1','pool:power','gpu','2026-11','216646000',1000000000000,69444444,0,'4323e3b7c969d5e0ed2d9ae3c2b5a7923b704a97318a5c6b1cdfdf06af4208ff');
INSERT INTO "charges" VALUES(2,1,'2026-11','acme','P1','pool:rent','cpu','2026-11','93414150',777000000,12350,0,'b8c379402a88cb8b33f0bc0aa327aec3cf9523e0b8651cfe6c51c7a42eede8bd');
INSERT INTO "charges" VALUES(3,1,'2026-11','acme','P1','rate','cpu','2026-11','93414150',37000000,960090,0,'2b553de4904712cec9e6194e5fda04aaa6cd7629aa466492b05275b692ebe0f9');
INSERT INTO "charges" VALUES(4,1,'2026-11','acme','P1','rate','gpu:a100','2026-11','216646',1900000000,114340944,0,'a3c2be4019067ad59b311ed32e65d25e92bbb34bb8646474babadebf1d0dd641');
INSERT INTO "charges" VALUES(5,1,'2026-11','acme','P1','unpriced','memory','2026-11','218030721',0,0,0,'f3c004c64f78621644ffef8cf8080d05bbd0aa29c3ebfac8fe805b7d797103b3');
INSERT INTO "charges" VALUES(6,1,'2026-11','bolt','','pool:rent','cpu','2026-11','314708677',777000000,41608,0,'c767cac3ac48ece865473393d563f740813210ebe83613ffb84af44035a03a0c');
INSERT INTO "charges" VALUES(7,1,'2026-11','bolt','','rate','cpu','2026-11','314708677',37000000,3234506,0,'79753006e5e3edbb35adb1d029d43cc5b05a6866d099c1faeef5d8bcebd5615a');
INSERT INTO "charges" VALUES(8,1,'2026-11','bolt','','unpriced','memory','2026-11','634821843',0,0,0,'90aa18f0842e74ca34511aec08531c52baf45e021de1f4633a5aaf6777f10a38');
CREATE TABLE cursors (
	source TEXT NOT NULL, 
	cluster TEXT NOT NULL, 
	watermark_ms BIGINT NOT NULL, 
	PRIMARY KEY (source, cluster), 
	CONSTRAINT watermark_ms_bounded CHECK (watermark_ms BETWEEN -9007199254740992 AND 9007199254740992)
);
INSERT INTO "cursors" VALUES('local','p',1793500180000);
CREATE TABLE heads (
	name TEXT NOT NULL, 
	rows BIGINT NOT NULL, 
	digest TEXT NOT NULL, 
	PRIMARY KEY (name), 
	CONSTRAINT rows_bounded CHECK (rows BETWEEN -9007199254740992 AND 9007199254740992)
);
INSERT INTO "heads" VALUES('policies',1,'6a50f9ea6a32412025fd23be121c88d75634765befe1d60c57a13c1c942918b1');
INSERT INTO "heads" VALUES('capacity',2,'439c908a1155e16645be633babdf32a862b42b472d3c423830f828f58125eb86');
INSERT INTO "heads" VALUES('slices',28,'0d38615f5c81c32f4b5cd1ee8c2e6f6c3fd323aa3012fd29bae0513201b35e70');
INSERT INTO "heads" VALUES('states',38,'3b9f6671baeb4b58ac280569a91c7ab2ec75ad4ff427e4b40932c90b0f677a2a');
INSERT INTO "heads" VALUES('audit',1,'f171ed43af50e0cd2d7c4b4593e0b1905a10a6ab5eae29e0e578e6e6c80b58bd');
INSERT INTO "heads" VALUES('bookings',1,'5f36ad9f856a66abbb1901e9a2b2c3fa25167753cfa398847774232d77969bee');
INSERT INTO "heads" VALUES('charges',8,'90aa18f0842e74ca34511aec08531c52baf45e021de1f4633a5aaf6777f10a38');
CREATE TABLE pauses (
	tenant TEXT NOT NULL, 
	since_ms BIGINT NOT NULL, 
	who TEXT NOT NULL, 
	PRIMARY KEY (tenant), 
	CONSTRAINT since_ms_bounded CHECK (since_ms BETWEEN -9007199254740992 AND 9007199254740992)
);
INSERT INTO "pauses" VALUES('acme',7,'admin');
CREATE TABLE policies (
	seq INTEGER NOT NULL, 
	at_ms BIGINT NOT NULL, 
	version TEXT NOT NULL, 
	content TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	PRIMARY KEY (seq), 
	CONSTRAINT at_ms_bounded CHECK (at_ms BETWEEN -9007199254740992 AND 9007199254740992)
);
INSERT INTO "policies" VALUES(1,1793500000000,'v1','{"calendar":[],"flavors":[{"name":"a100","node_selector":[],"value":1000}],"planning":{"between_borrowers":"never","default_time_limit":null,"depth":1,"grace":10000,"half_life":604800000,"memory":0.5,"order":"fair"},"pools":[{"backend":"local","name":"p","nodes":[{"capacity":{"cpu":4000,"gpus":[["a100",2]],"memory":8192},"id":"n1","labels":[],"pool":"p","state":"up"},{"capacity":{"cpu":2000,"gpus":[],"memory":4096},"id":"n2","labels":[],"pool":"p","state":"up"}],"options":[]}],"prices":[{"id":"2026-11","pools":[{"measure":"gpu","monthly":{"micro":1000000000000},"name":"power","name_ko":""},{"measure":"cpu","monthly":{"micro":777000000},"name":"rent","name_ko":""}],"rates":[{"per_hour":{"micro":37000000},"resource":"cpu"},{"per_hour":{"micro":1900000000},"resource":"gpu:a100"}],"start":1761964000000}],"room":"small","tenants":[{"business_number":"","default_image":"","default_time_limit":null,"guarantee":{"stated":[]},"id":"acme","limit":{"stated":[]},"max_pending_jobs":null,"name":"","name_ko":"","parent":null,"projects":["P1"],"require_project":false,"term":null,"unix_user":"","volumes":[],"weight":1},{"business_number":"","default_image":"","default_time_limit":null,"guarantee":{"stated":[]},"id":"bolt","limit":{"stated":[]},"max_pending_jobs":null,"name":"","name_ko":"","parent":null,"projects":[],"require_project":false,"term":null,"unix_user":"","volumes":[],"weight":1},{"business_number":"","default_image":"","default_time_limit":null,"guarantee":{"stated":[]},"id":"calm","limit":{"stated":[]},"max_pending_jobs":null,"name":"","name_ko":"","parent":null,"projects":[],"require_project":false,"term":null,"unix_user":"","volumes":[],"weight":1}],"timezone":"Asia/Seoul","version":"v1"}','6a50f9ea6a32412025fd23be121c88d75634765befe1d60c57a13c1c942918b1');
CREATE TABLE quarantine (
	seq INTEGER NOT NULL, 
	source TEXT NOT NULL, 
	cluster TEXT NOT NULL, 
	at_ms BIGINT NOT NULL, 
	reason TEXT NOT NULL, 
	content TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	PRIMARY KEY (seq), 
	CONSTRAINT at_ms_bounded CHECK (at_ms BETWEEN -9007199254740992 AND 9007199254740992), 
	CONSTRAINT quarantine_once UNIQUE (content)
);
CREATE TABLE rulings (
	seq INTEGER NOT NULL, 
	quarantined INTEGER NOT NULL, 
	at_ms BIGINT NOT NULL, 
	accepted BOOLEAN NOT NULL, 
	who TEXT NOT NULL, 
	why TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	PRIMARY KEY (seq), 
	CONSTRAINT at_ms_bounded CHECK (at_ms BETWEEN -9007199254740992 AND 9007199254740992), 
	UNIQUE (quarantined), 
	FOREIGN KEY(quarantined) REFERENCES quarantine (seq)
);
CREATE TABLE skews (
	seq INTEGER NOT NULL, 
	at_ms BIGINT NOT NULL, 
	end_ms BIGINT NOT NULL, 
	content TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	PRIMARY KEY (seq), 
	CONSTRAINT at_ms_bounded CHECK (at_ms BETWEEN -9007199254740992 AND 9007199254740992), 
	CONSTRAINT end_ms_bounded CHECK (end_ms BETWEEN -9007199254740992 AND 9007199254740992), 
	CONSTRAINT skews_once UNIQUE (content)
);
CREATE TABLE slices (
	seq INTEGER NOT NULL, 
	source TEXT NOT NULL, 
	cluster TEXT NOT NULL, 
	uid TEXT NOT NULL, 
	attempt BIGINT NOT NULL, 
	resource TEXT NOT NULL, 
	start_ms BIGINT NOT NULL, 
	end_ms BIGINT NOT NULL, 
	amount BIGINT NOT NULL, 
	state TEXT NOT NULL, 
	node TEXT NOT NULL, 
	tenant TEXT NOT NULL, 
	user TEXT NOT NULL, 
	project TEXT NOT NULL, 
	job TEXT NOT NULL, 
	flavor TEXT NOT NULL, 
	devices TEXT NOT NULL, 
	grace BOOLEAN NOT NULL, 
	corrects TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	PRIMARY KEY (seq), 
	CONSTRAINT attempt_bounded CHECK (attempt BETWEEN -9007199254740992 AND 9007199254740992), 
	CONSTRAINT start_ms_bounded CHECK (start_ms BETWEEN -9007199254740992 AND 9007199254740992), 
	CONSTRAINT end_ms_bounded CHECK (end_ms BETWEEN -9007199254740992 AND 9007199254740992), 
	CONSTRAINT amount_bounded CHECK (amount BETWEEN -9007199254740992 AND 9007199254740992), 
	CONSTRAINT slices_key UNIQUE (source, cluster, start_ms, uid, attempt, resource, corrects), 
	CONSTRAINT forward CHECK (end_ms >= start_ms)
);
INSERT INTO "slices" VALUES(1,'local','p','j0.0',1,'cpu',1793500013836,1793500019143,1553,'tenant','n2','bolt','kim','','j0','','',0,'','f4c684090f9ded404f366acb64b175689a56932e4feeead9c4017524f76edf2c');
INSERT INTO "slices" VALUES(2,'local','p','j0.0',1,'memory',1793500013836,1793500019143,3647,'tenant','n2','bolt','kim','','j0','','',0,'','1c0d83baacfb4eb465f65267a7cb6ad39ebc68028f7fdef6e0dbdb16d4f34f5f');
INSERT INTO "slices" VALUES(3,'local','p','j1.0',1,'cpu',1793500030921,1793500060000,1983,'tenant','n2','bolt','kim','','j1','','',0,'','a00316a9f36533c635383a3c4c972e1a12c3eedfdbad8ee58e6935688a3c287c');
INSERT INTO "slices" VALUES(4,'local','p','j1.0',1,'memory',1793500030921,1793500060000,1953,'tenant','n2','bolt','kim','','j1','','',0,'','37909d7096d90f69a2c0a677d7ccb73a735a0e80913b1bfd371e64b47a1db2c3');
INSERT INTO "slices" VALUES(5,'local','p','j2.0',1,'cpu',1793500045530,1793500060000,286,'tenant','n1','acme','kim','P1','j2','','',0,'','8371323896729039ed581631f86314a80ed6ce83fe595a374444ec415008bfdb');
INSERT INTO "slices" VALUES(6,'local','p','j2.0',1,'memory',1793500045530,1793500060000,1155,'tenant','n1','acme','kim','P1','j2','','',0,'','719dfb36c8901174a2bbb322a36e593084409e2ab9ab82f40e0b3c2248b3eb01');
INSERT INTO "slices" VALUES(7,'local','p','j2.0',1,'gpu:a100',1793500045530,1793500060000,2,'tenant','n1','acme','kim','P1','j2','a100','0,1',0,'','b3609ce57e5a8f39f1bdab1701f57c4d07d5671a72aca32cddd12298264da868');
INSERT INTO "slices" VALUES(8,'local','p','j1.0',1,'cpu',1793500060000,1793500107387,1983,'tenant','n2','bolt','kim','','j1','','',0,'','df132458b5af391d7639e0605ac3a924b32f052e3d36123c77c2d8da12d13ee8');
INSERT INTO "slices" VALUES(9,'local','p','j1.0',1,'memory',1793500060000,1793500107387,1953,'tenant','n2','bolt','kim','','j1','','',0,'','169a6c66588e44c5b01ecc29b12a40586c3c03c096fbf2a1dbb4583f2279755a');
INSERT INTO "slices" VALUES(10,'local','p','j2.0',1,'cpu',1793500060000,1793500120000,286,'tenant','n1','acme','kim','P1','j2','','',0,'','d433d41ef9ea26a82c665decfcb8b418ea3c5f223dee0e5ff0c3bd4041fc53b2');
INSERT INTO "slices" VALUES(11,'local','p','j2.0',1,'memory',1793500060000,1793500120000,1155,'tenant','n1','acme','kim','P1','j2','','',0,'','1115e026ef952c15d10c8ce4167487d8b85623401498689a1eacc352401a7638');
INSERT INTO "slices" VALUES(12,'local','p','j2.0',1,'gpu:a100',1793500060000,1793500120000,2,'tenant','n1','acme','kim','P1','j2','a100','0,1',0,'','ca55e06a3eaa8b4bc2772b31b3c669146a946229f8023cb66c4d206e2a75959c');
INSERT INTO "slices" VALUES(13,'local','p','j3.0',1,'cpu',1793500094674,1793500120000,1474,'tenant','n1','bolt','kim','','j3','','',0,'','37473ffeb42e5cea5dba44e9bf5cb6a17a803561ae0a35d94bb3e6b389a41d0c');
INSERT INTO "slices" VALUES(14,'local','p','j3.0',1,'memory',1793500094674,1793500120000,3442,'tenant','n1','bolt','kim','','j3','','',0,'','c89ccbc0d73eef0649870211765df75723ca5f84201e32198cd478aaf03d0d2b');
INSERT INTO "slices" VALUES(15,'local','p','j2.0',1,'cpu',1793500120000,1793500144595,286,'tenant','n1','acme','kim','P1','j2','','',0,'','18cd949db1541180f0201e68722bf7703de6272b97b23288cdbc82d44066a99b');
INSERT INTO "slices" VALUES(16,'local','p','j2.0',1,'memory',1793500120000,1793500144595,1155,'tenant','n1','acme','kim','P1','j2','','',0,'','e5c88f6256ab2d093fd527e63d637438f16e1630669c97c4ae7530f4926be50d');
INSERT INTO "slices" VALUES(17,'local','p','j2.0',1,'gpu:a100',1793500120000,1793500144595,2,'tenant','n1','acme','kim','P1','j2','a100','0,1',0,'','08221371df90edcf8d01089ca39828ed361a72901d25605e672b90d88e4b4cf2');
INSERT INTO "slices" VALUES(18,'local','p','j3.0',1,'cpu',1793500120000,1793500180000,1474,'tenant','n1','bolt','kim','','j3','','',0,'','e5aa9a4b69768612d4e889ca5a48acf1dcbb4a28400bf63c924c1590d817d3bf');
INSERT INTO "slices" VALUES(19,'local','p','j3.0',1,'memory',1793500120000,1793500180000,3442,'tenant','n1','bolt','kim','','j3','','',0,'','7073c7872757438e7565d17dc5c5ae73a2fbbd720ecfe096c78e9a0349e78567');
INSERT INTO "slices" VALUES(20,'local','p','j4.0',1,'cpu',1793500122404,1793500180000,500,'tenant','n2','bolt','kim','','j4','','',0,'','430dc977c19d0b0b505d6ae203e3d0295ab97a776d4010fafcfefad9087bd30e');
INSERT INTO "slices" VALUES(21,'local','p','j4.0',1,'memory',1793500122404,1793500180000,2992,'tenant','n2','bolt','kim','','j4','','',0,'','def6cf322817cfcf061a80e7c76556e01156afb25696e692b7cde96c2a78ee50');
INSERT INTO "slices" VALUES(22,'local','p','j5.0',1,'cpu',1793500136666,1793500167942,1879,'tenant','n1','acme','kim','P1','j5','','',0,'','ccf94ea4a63797ccd01b56a2ba7ddc59de319126624ebbe2a56d662a7c4d1de3');
INSERT INTO "slices" VALUES(23,'local','p','j5.0',1,'memory',1793500136666,1793500167942,2325,'tenant','n1','acme','kim','P1','j5','','',0,'','98c604340a2940fe596684306745119b5ba3b233d3a8c926946130830daa6054');
INSERT INTO "slices" VALUES(24,'local','p','j6.0',1,'cpu',1793500170742,1793500180000,682,'tenant','n1','acme','kim','P1','j6','','',0,'','9152c3ec403067999d5be1845d11e3d7c8ea26d0507af7bb56fd87ad6d819bb7');
INSERT INTO "slices" VALUES(25,'local','p','j6.0',1,'memory',1793500170742,1793500180000,3337,'tenant','n1','acme','kim','P1','j6','','',0,'','cbbee7e957b5451015e47203b578e97ccda6cdcee7369ca42d26ba0358f22d21');
INSERT INTO "slices" VALUES(26,'local','p','j6.0',1,'gpu:a100',1793500170742,1793500180000,2,'tenant','n1','acme','kim','P1','j6','a100','0,1',0,'','b6e9575d533e74ce271e6a2b6a023d53a2d5f5512e93fbec45f3b84acbf86e8c');
INSERT INTO "slices" VALUES(27,'local','p','j7.0',1,'cpu',1793500179708,1793500180000,912,'tenant','n2','bolt','kim','','j7','','',0,'','e4f67faaf5a3f4492d4a3e84624a346d3d85ee6c1a56eb7a7acc519f4abf8373');
INSERT INTO "slices" VALUES(28,'local','p','j7.0',1,'memory',1793500179708,1793500180000,376,'tenant','n2','bolt','kim','','j7','','',0,'','0d38615f5c81c32f4b5cd1ee8c2e6f6c3fd323aa3012fd29bae0513201b35e70');
CREATE TABLE states (
	seq INTEGER NOT NULL, 
	source TEXT NOT NULL, 
	cluster TEXT NOT NULL, 
	uid TEXT NOT NULL, 
	attempt BIGINT NOT NULL, 
	resource TEXT NOT NULL, 
	start_ms BIGINT NOT NULL, 
	end_ms BIGINT NOT NULL, 
	amount BIGINT NOT NULL, 
	state TEXT NOT NULL, 
	node TEXT NOT NULL, 
	tenant TEXT NOT NULL, 
	user TEXT NOT NULL, 
	project TEXT NOT NULL, 
	job TEXT NOT NULL, 
	flavor TEXT NOT NULL, 
	devices TEXT NOT NULL, 
	grace BOOLEAN NOT NULL, 
	corrects TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	PRIMARY KEY (seq), 
	CONSTRAINT attempt_bounded CHECK (attempt BETWEEN -9007199254740992 AND 9007199254740992), 
	CONSTRAINT start_ms_bounded CHECK (start_ms BETWEEN -9007199254740992 AND 9007199254740992), 
	CONSTRAINT end_ms_bounded CHECK (end_ms BETWEEN -9007199254740992 AND 9007199254740992), 
	CONSTRAINT amount_bounded CHECK (amount BETWEEN -9007199254740992 AND 9007199254740992), 
	CONSTRAINT states_key UNIQUE (source, cluster, start_ms, uid, attempt, resource, corrects), 
	CONSTRAINT forward CHECK (end_ms >= start_ms)
);
INSERT INTO "states" VALUES(1,'planner','p','n1',0,'cpu',1793500000000,1793500045530,4000,'idle','n1','','','','','','',0,'','ca2d3d713d1e05ac428b67d743bf401074ec864f2fd49dc829c9f74bef4082d9');
INSERT INTO "states" VALUES(2,'planner','p','n1',0,'cpu',1793500045530,1793500060000,3714,'idle','n1','','','','','','',0,'','d6ef5da19be00d89025fed4b28468046e69106ef0ce13de6445fb91de3681879');
INSERT INTO "states" VALUES(3,'planner','p','n1',0,'memory',1793500000000,1793500045530,8192,'idle','n1','','','','','','',0,'','ceb801061ea9c20ce6162352de198e37f33ee769209868475294380b1d3141da');
INSERT INTO "states" VALUES(4,'planner','p','n1',0,'memory',1793500045530,1793500060000,7037,'idle','n1','','','','','','',0,'','43caa185a5572092bc0580c76b6b42702f7921599275975af7d123dff404379c');
INSERT INTO "states" VALUES(5,'planner','p','n1',0,'gpu:a100',1793500000000,1793500045530,2,'idle','n1','','','','','a100','',0,'','17ed99240555812c530cf53a9046cfc0d646964b7555b9483b2a32b9b7a75259');
INSERT INTO "states" VALUES(6,'planner','p','n2',0,'cpu',1793500000000,1793500013836,2000,'idle','n2','','','','','','',0,'','64feb3ea55cd4a21579ae8226f09d31bab5139df9eb7e9ef0fe539626c56dc08');
INSERT INTO "states" VALUES(7,'planner','p','n2',0,'cpu',1793500013836,1793500019143,447,'idle','n2','','','','','','',0,'','81b6340aba996a8e08d22727164f468bae77dd8a8107bffaf85b9646ebcb5bdc');
INSERT INTO "states" VALUES(8,'planner','p','n2',0,'cpu',1793500019143,1793500030921,2000,'idle','n2','','','','','','',0,'','45df6758492acb099710b18374c3ccd18b76e63fd7e7d8aa5aba18b7be11592a');
INSERT INTO "states" VALUES(9,'planner','p','n2',0,'cpu',1793500030921,1793500060000,17,'idle','n2','','','','','','',0,'','2d64de8f39ee2d136e26aa1e7f16574100084bbe9c9c4ecf0c2ba65a318c7bfa');
INSERT INTO "states" VALUES(10,'planner','p','n2',0,'memory',1793500000000,1793500013836,4096,'idle','n2','','','','','','',0,'','cc17ad85862297b9d1c9b3d2ba676bfdab84ed2fe493df64f444d2ed7812ddca');
INSERT INTO "states" VALUES(11,'planner','p','n2',0,'memory',1793500013836,1793500019143,449,'idle','n2','','','','','','',0,'','a3de495628fae277b3bf94d928ffca6d7bf5f1fd67828b270daaf0c17c633ceb');
INSERT INTO "states" VALUES(12,'planner','p','n2',0,'memory',1793500019143,1793500030921,4096,'idle','n2','','','','','','',0,'','c308bd142bc47ac941f013aad21c776a6bbe1b6f03953148955d15a67f8353dd');
INSERT INTO "states" VALUES(13,'planner','p','n2',0,'memory',1793500030921,1793500060000,2143,'idle','n2','','','','','','',0,'','6cbae7a9b1f2aaac08f092d825b956cc81dbe11cb0844d7b297f6ad7ae099346');
INSERT INTO "states" VALUES(14,'planner','p','n1',0,'cpu',1793500060000,1793500094674,3714,'idle','n1','','','','','','',0,'','f1d4c5d282e496dc3b318c57ce9c44204290fca2d4d43e56dbe39aa8ab0c056d');
INSERT INTO "states" VALUES(15,'planner','p','n1',0,'cpu',1793500094674,1793500120000,2240,'idle','n1','','','','','','',0,'','c50b657d7432cae3a632fc78cfbe3895e26e147db5ec692f3cfe2bcbea955f18');
INSERT INTO "states" VALUES(16,'planner','p','n1',0,'memory',1793500060000,1793500094674,7037,'idle','n1','','','','','','',0,'','b2bf21994a945a9af9ee6708a98445436e2988e5635904afea19db95ee044674');
INSERT INTO "states" VALUES(17,'planner','p','n1',0,'memory',1793500094674,1793500120000,3595,'idle','n1','','','','','','',0,'','579dbaa84d818f45892738d2adc4363a6145a4b23ce359d625d0fc7055cde72d');
INSERT INTO "states" VALUES(18,'planner','p','n2',0,'cpu',1793500060000,1793500107387,17,'idle','n2','','','','','','',0,'','6ed00143d9d77bfc5e4ffb12ea4f5e21a31e8c8138207d0b136579177a7dbfba');
INSERT INTO "states" VALUES(19,'planner','p','n2',0,'cpu',1793500107387,1793500120000,2000,'idle','n2','','','','','','',0,'','0cd86a5098899ef0986ddf128490881ac2a478575f4001b55b3a747f472e8ef6');
INSERT INTO "states" VALUES(20,'planner','p','n2',0,'memory',1793500060000,1793500107387,2143,'idle','n2','','','','','','',0,'','284a700dde6cdda0d83edaaf48a7d8055ca8118c434e3e4ded841c3cd3ba7e63');
INSERT INTO "states" VALUES(21,'planner','p','n2',0,'memory',1793500107387,1793500120000,4096,'idle','n2','','','','','','',0,'','617182722f0f02bc7ce0eac09084f55b9a25fe198cf41e99621b16ca9147d71b');
INSERT INTO "states" VALUES(22,'planner','p','n1',0,'cpu',1793500120000,1793500136666,2240,'idle','n1','','','','','','',0,'','4568e04110b9978b7591636471cb418efde3519cce55b4dc52261d8c423e4074');
INSERT INTO "states" VALUES(23,'planner','p','n1',0,'cpu',1793500136666,1793500144595,361,'idle','n1','','','','','','',0,'','e9d16075d720be9752b3732efec245a4bcb7fd24e337c8a29d0bd213291943a7');
INSERT INTO "states" VALUES(24,'planner','p','n1',0,'cpu',1793500144595,1793500167942,647,'idle','n1','','','','','','',0,'','8fc34d2646348bab452f0a2210d4c06153c32e8be7eff9ddf7baed92cd75e92e');
INSERT INTO "states" VALUES(25,'planner','p','n1',0,'cpu',1793500167942,1793500170742,2526,'idle','n1','','','','','','',0,'','ffe8404a2b4cda05e33f7968fe3a5dea004da41956b077747ae65cd28cc23872');
INSERT INTO "states" VALUES(26,'planner','p','n1',0,'cpu',1793500170742,1793500180000,1844,'idle','n1','','','','','','',0,'','846fca96a90bae4d01a235714891f305e4afb5ee35318304e3fb011cdcda14c2');
INSERT INTO "states" VALUES(27,'planner','p','n1',0,'memory',1793500120000,1793500136666,3595,'idle','n1','','','','','','',0,'','30c3213aaf0d24a7b560f2540acbd954f7f50bde1316e7f25f023eb7a44f6201');
INSERT INTO "states" VALUES(28,'planner','p','n1',0,'memory',1793500136666,1793500144595,1270,'idle','n1','','','','','','',0,'','969c30aff94d23a90ad910d91eeaf1eb0a48c9e35f4623560090fa7acd15b7ef');
INSERT INTO "states" VALUES(29,'planner','p','n1',0,'memory',1793500144595,1793500167942,2425,'idle','n1','','','','','','',0,'','914e687bad0a8340923467923cc179b24cfe03ae29e7ee53e2d51b1a2e33bc78');
INSERT INTO "states" VALUES(30,'planner','p','n1',0,'memory',1793500167942,1793500170742,4750,'idle','n1','','','','','','',0,'','13443c3b5f9e371fc87e924479e69b5b7195ef5cf2f5f987e45e92c5e08954e0');
INSERT INTO "states" VALUES(31,'planner','p','n1',0,'memory',1793500170742,1793500180000,1413,'idle','n1','','','','','','',0,'','d303fb85a7e921f25959a3242bbec370f0e441fe98efcc19d7b0e2641e54aaa3');
INSERT INTO "states" VALUES(32,'planner','p','n1',0,'gpu:a100',1793500144595,1793500170742,2,'idle','n1','','','','','a100','',0,'','3b45fccd8ac3ca97ab16926fe35cd6540c93f3b1ec6150cbc54dbdcffbf6235d');
INSERT INTO "states" VALUES(33,'planner','p','n2',0,'cpu',1793500120000,1793500122404,2000,'idle','n2','','','','','','',0,'','6087f4c78a788ea83034b3d21a3ceac7e3a37d9e6c18ffc1e39e8212bf2c9d64');
INSERT INTO "states" VALUES(34,'planner','p','n2',0,'cpu',1793500122404,1793500179708,1500,'idle','n2','','','','','','',0,'','3cf314d9ea2db161337cf19d9736da1178aa0f323585b471979b5c2b24c2b4bb');
INSERT INTO "states" VALUES(35,'planner','p','n2',0,'cpu',1793500179708,1793500180000,588,'idle','n2','','','','','','',0,'','6faa4bac2c4045217bb63abaaeca66e447dc5d1bc4ffa7eef0100396df09abf9');
INSERT INTO "states" VALUES(36,'planner','p','n2',0,'memory',1793500120000,1793500122404,4096,'idle','n2','','','','','','',0,'','97936f0f1e0721e6db452257b46d179bfe89f58499d8f5ad1b092aa88499d7b0');
INSERT INTO "states" VALUES(37,'planner','p','n2',0,'memory',1793500122404,1793500179708,1104,'idle','n2','','','','','','',0,'','c53944f8a804ef55c01c9f78fa18075b7a4795a9a52a42d5d4c0debf00232ca4');
INSERT INTO "states" VALUES(38,'planner','p','n2',0,'memory',1793500179708,1793500180000,728,'idle','n2','','','','','','',0,'','3b9f6671baeb4b58ac280569a91c7ab2ec75ad4ff427e4b40932c90b0f677a2a');
CREATE TABLE tokens (
	id TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	last4 TEXT NOT NULL, 
	tenant TEXT NOT NULL, 
	user TEXT NOT NULL, 
	role TEXT NOT NULL, 
	created_ms BIGINT NOT NULL, 
	revoked_ms BIGINT, 
	PRIMARY KEY (id), 
	CONSTRAINT created_ms_bounded CHECK (created_ms BETWEEN -9007199254740992 AND 9007199254740992)
);
CREATE TABLE totals (
	kind TEXT NOT NULL, 
	who TEXT NOT NULL, 
	resource TEXT NOT NULL, 
	total TEXT NOT NULL, 
	PRIMARY KEY (kind, who, resource)
);
INSERT INTO "totals" VALUES('state','tenant','cpu','408122827');
INSERT INTO "totals" VALUES('state','tenant','gpu:a100','216646');
INSERT INTO "totals" VALUES('state','tenant','memory','852852564');
INSERT INTO "totals" VALUES('use','acme','cpu','93414150');
INSERT INTO "totals" VALUES('use','acme','gpu:a100','216646');
INSERT INTO "totals" VALUES('use','acme','memory','218030721');
INSERT INTO "totals" VALUES('use','bolt','cpu','314708677');
INSERT INTO "totals" VALUES('use','bolt','memory','634821843');
INSERT INTO "totals" VALUES('state','idle','cpu','671877173');
INSERT INTO "totals" VALUES('state','idle','gpu:a100','143354');
INSERT INTO "totals" VALUES('state','idle','memory','1358987436');
CREATE INDEX slices_end ON slices (end_ms);
CREATE INDEX states_end ON states (end_ms);
CREATE INDEX bookings_month ON bookings (month);
CREATE INDEX charges_month ON charges (month, tenant);
CREATE TRIGGER slices_no_update BEFORE UPDATE ON slices BEGIN SELECT RAISE(ABORT, 'slices is append-only'); END;
CREATE TRIGGER slices_no_delete BEFORE DELETE ON slices BEGIN SELECT RAISE(ABORT, 'slices is append-only'); END;
CREATE TRIGGER slices_no_replace BEFORE INSERT ON slices WHEN EXISTS (SELECT 1 FROM slices WHERE seq = NEW.seq OR (source = NEW.source AND cluster = NEW.cluster AND start_ms = NEW.start_ms AND uid = NEW.uid AND attempt = NEW.attempt AND resource = NEW.resource AND corrects = NEW.corrects)) BEGIN SELECT RAISE(ABORT, 'slices is append-only'); END;
CREATE TRIGGER states_no_update BEFORE UPDATE ON states BEGIN SELECT RAISE(ABORT, 'states is append-only'); END;
CREATE TRIGGER states_no_delete BEFORE DELETE ON states BEGIN SELECT RAISE(ABORT, 'states is append-only'); END;
CREATE TRIGGER states_no_replace BEFORE INSERT ON states WHEN EXISTS (SELECT 1 FROM states WHERE seq = NEW.seq OR (source = NEW.source AND cluster = NEW.cluster AND start_ms = NEW.start_ms AND uid = NEW.uid AND attempt = NEW.attempt AND resource = NEW.resource AND corrects = NEW.corrects)) BEGIN SELECT RAISE(ABORT, 'states is append-only'); END;
CREATE TRIGGER quarantine_no_update BEFORE UPDATE ON quarantine BEGIN SELECT RAISE(ABORT, 'quarantine is append-only'); END;
CREATE TRIGGER quarantine_no_delete BEFORE DELETE ON quarantine BEGIN SELECT RAISE(ABORT, 'quarantine is append-only'); END;
CREATE TRIGGER quarantine_no_replace BEFORE INSERT ON quarantine WHEN EXISTS (SELECT 1 FROM quarantine WHERE seq = NEW.seq OR (content = NEW.content)) BEGIN SELECT RAISE(ABORT, 'quarantine is append-only'); END;
CREATE TRIGGER rulings_no_update BEFORE UPDATE ON rulings BEGIN SELECT RAISE(ABORT, 'rulings is append-only'); END;
CREATE TRIGGER rulings_no_delete BEFORE DELETE ON rulings BEGIN SELECT RAISE(ABORT, 'rulings is append-only'); END;
CREATE TRIGGER rulings_no_replace BEFORE INSERT ON rulings WHEN EXISTS (SELECT 1 FROM rulings WHERE seq = NEW.seq OR (quarantined = NEW.quarantined)) BEGIN SELECT RAISE(ABORT, 'rulings is append-only'); END;
CREATE TRIGGER skews_no_update BEFORE UPDATE ON skews BEGIN SELECT RAISE(ABORT, 'skews is append-only'); END;
CREATE TRIGGER skews_no_delete BEFORE DELETE ON skews BEGIN SELECT RAISE(ABORT, 'skews is append-only'); END;
CREATE TRIGGER skews_no_replace BEFORE INSERT ON skews WHEN EXISTS (SELECT 1 FROM skews WHERE seq = NEW.seq OR (content = NEW.content)) BEGIN SELECT RAISE(ABORT, 'skews is append-only'); END;
CREATE TRIGGER capacity_no_update BEFORE UPDATE ON capacity BEGIN SELECT RAISE(ABORT, 'capacity is append-only'); END;
CREATE TRIGGER capacity_no_delete BEFORE DELETE ON capacity BEGIN SELECT RAISE(ABORT, 'capacity is append-only'); END;
CREATE TRIGGER capacity_no_replace BEFORE INSERT ON capacity WHEN EXISTS (SELECT 1 FROM capacity WHERE seq = NEW.seq OR (at_ms = NEW.at_ms AND node = NEW.node AND content = NEW.content)) BEGIN SELECT RAISE(ABORT, 'capacity is append-only'); END;
CREATE TRIGGER policies_no_update BEFORE UPDATE ON policies BEGIN SELECT RAISE(ABORT, 'policies is append-only'); END;
CREATE TRIGGER policies_no_delete BEFORE DELETE ON policies BEGIN SELECT RAISE(ABORT, 'policies is append-only'); END;
CREATE TRIGGER policies_no_replace BEFORE INSERT ON policies WHEN EXISTS (SELECT 1 FROM policies WHERE seq = NEW.seq OR (0)) BEGIN SELECT RAISE(ABORT, 'policies is append-only'); END;
CREATE TRIGGER charges_no_update BEFORE UPDATE ON charges BEGIN SELECT RAISE(ABORT, 'charges is append-only'); END;
CREATE TRIGGER charges_no_delete BEFORE DELETE ON charges BEGIN SELECT RAISE(ABORT, 'charges is append-only'); END;
CREATE TRIGGER charges_no_replace BEFORE INSERT ON charges WHEN EXISTS (SELECT 1 FROM charges WHERE seq = NEW.seq OR (0)) BEGIN SELECT RAISE(ABORT, 'charges is append-only'); END;
CREATE TRIGGER bookings_no_update BEFORE UPDATE ON bookings BEGIN SELECT RAISE(ABORT, 'bookings is append-only'); END;
CREATE TRIGGER bookings_no_delete BEFORE DELETE ON bookings BEGIN SELECT RAISE(ABORT, 'bookings is append-only'); END;
CREATE TRIGGER bookings_no_replace BEFORE INSERT ON bookings WHEN EXISTS (SELECT 1 FROM bookings WHERE seq = NEW.seq OR (0)) BEGIN SELECT RAISE(ABORT, 'bookings is append-only'); END;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq OR (0)) BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
COMMIT;
