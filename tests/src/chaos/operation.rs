//! The requests of a run. Each says which answers are right; any other ends the run.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::sync::PoisonError;

use super::World;
use super::customer::{Customer, KnownJob, KnownKey};
use crate::form::Form;
use crate::http::Answer;
use crate::raw_http::send;
use fastrand::Rng;

/// A thread that sends requests.
pub struct Client<'a> {
    pub world: &'a World,
    pub random: Rng,
}

type Operation<'a> = fn(&mut Client<'a>, &Customer) -> Result<()>;

/// A key may be revoked between being chosen and being sent.
const REVOKED: u16 = 401;
/// What a creation may be refused with: no credits, not the account's file, an upload that was
/// removed, quota.
const CREATION: [u16; 6] = [200, 202, 402, 403, 409, 429];

impl<'a> Client<'a> {
    /// How often each is chosen.
    const OPERATIONS: [(usize, Operation<'a>); 19] = [
        (8, Self::upload),
        (6, Self::create),
        (4, Self::create_draft),
        (2, Self::create_by_form),
        (3, Self::create_twice),
        (6, Self::start),
        (14, Self::get),
        (8, Self::list),
        (6, Self::read_credits),
        (4, Self::estimate),
        (6, Self::cancel),
        (4, Self::delete),
        (5, Self::download),
        (3, Self::make_key),
        (2, Self::revoke_key),
        (2, Self::grant),
        (5, Self::touch_a_strangers_job),
        (4, Self::send_a_wrong_key),
        (4, Self::send_a_bad_body),
    ];

    /// Sends a random request of a random account.
    pub fn send_any(&mut self) -> Result<()> {
        let world = self.world;
        let customer = self.random.choice(&world.customers).context("no accounts")?;
        let total: usize = Self::OPERATIONS.iter().map(|(weight, _)| weight).sum();
        let mut left = self.random.usize(..total);
        for (weight, operation) in Self::OPERATIONS {
            if left < weight {
                return operation(self, customer);
            }
            left -= weight;
        }
        Ok(())
    }

    fn upload(&mut self, customer: &Customer) -> Result<()> {
        let clip = &self.world.clip;
        let body = json!({ "filename": "a.mp4", "contentType": "video/mp4", "sizeBytes": clip.len() });
        let answer = self.post("upload", customer, "/v1/uploads", &body, &[200])?;
        let Some(upload_url) = answer.body["data"]["uploadUrl"].as_str() else { return Ok(()) };
        // One in eight is announced and never comes.
        if self.random.usize(..8) > 0 {
            let length = clip.len().to_string();
            let response = send("PUT", upload_url, &[("content-type", "video/mp4"), ("content-length", &length)], clip);
            ensure!(response.status() == 200, "a presigned PUT: {}", response.status());
        }
        let file_url = answer.body["data"]["fileUrl"].as_str().context("no fileUrl")?;
        customer.known().files.push(file_url.to_owned());
        Ok(())
    }

    fn create(&mut self, customer: &Customer) -> Result<()> {
        let (url, is_good) = self.source(customer);
        let body = self.job_body(&url);
        let answer = self.post("create", customer, "/v1/jobs", &body, &CREATION)?;
        note_job(customer, &answer.body["data"]["id"], is_good);
        Ok(())
    }

    fn create_draft(&mut self, customer: &Customer) -> Result<()> {
        let (url, is_good) = self.source(customer);
        let auto_start = self.random.usize(..4) == 0;
        let body = json!({ "video_url": url, "auto_start": auto_start, "output_format": "gif" });
        let answer = self.post("create draft", customer, "/v1/jobs", &body, &CREATION)?;
        note_job(customer, &answer.body["id"], is_good);
        Ok(())
    }

    fn create_by_form(&mut self, customer: &Customer) -> Result<()> {
        let form = Form::default().text("format", "gif").file("video_file", "a.mp4", "video/mp4", &self.world.clip);
        let key = self.key(customer).key;
        let headers = [("x-api-key", key.as_str()), ("content-type", &form.content_type())];
        let answer = self.call("create by form", "POST", "/v1.0/videos", &headers, &form.body(), &[200, 402, 403, 429])?;
        note_job(customer, &answer.body["data"]["id"], true);
        Ok(())
    }

    /// The same request twice, with one `Idempotency-Key`: one job, one answer.
    fn create_twice(&mut self, customer: &Customer) -> Result<()> {
        let (url, is_good) = self.source(customer);
        let is_draft = self.random.usize(..2) == 0;
        let body = if is_draft { json!({ "video_url": url, "auto_start": false }) } else { self.job_body(&url) };
        let name = {
            let mut known = customer.known();
            known.requests += 1;
            format!("request-{}", known.requests)
        };
        let key = self.key(customer).key;
        let headers = [("x-api-key", key.as_str()), ("content-type", "application/json"), ("idempotency-key", &name)];
        let body = body.to_string();
        let allowed = [CREATION.as_slice(), &[REVOKED]].concat();
        let first = self.call("create twice", "POST", "/v1/jobs", &headers, body.as_bytes(), &allowed)?;
        let second = self.call("create twice", "POST", "/v1/jobs", &headers, body.as_bytes(), &allowed)?;
        if first.status < 300 && second.status != REVOKED {
            ensure!(first == second, "one Idempotency-Key, two answers: {} and {}", first.body, second.body);
        }
        let id = |answer: &Answer| if is_draft { answer.body["id"].clone() } else { answer.body["data"]["id"].clone() };
        note_job(customer, &id(&first), is_good);
        if first.status >= 300 {
            note_job(customer, &id(&second), is_good);
        }
        Ok(())
    }

    fn start(&mut self, customer: &Customer) -> Result<()> {
        let Some(job) = self.job(customer) else { return Ok(()) };
        let allowed = [200, 402, 404, 409, 429];
        self.post("start", customer, &format!("/v1/jobs/{}/start", job.id), &json!({}), &allowed).map(drop)
    }

    fn get(&mut self, customer: &Customer) -> Result<()> {
        let Some(job) = self.job(customer) else { return Ok(()) };
        let shapes = ["/v1/jobs/", "/api/v1/jobs/", "/v1.0/videos/", "/api/jobs/", "/api/status/"];
        let shape = shapes[self.random.usize(..shapes.len())];
        self.send_with_key("get", customer, "GET", &format!("{shape}{}", job.id), &[200, 404]).map(drop)
    }

    fn list(&mut self, customer: &Customer) -> Result<()> {
        let paths = ["/v1/jobs?limit=100", "/api/v1/jobs?status=failed", "/v1.0/videos", "/api/jobs?status=PENDING", "/v1/usage"];
        let path = paths[self.random.usize(..paths.len())];
        self.send_with_key("list", customer, "GET", path, &[200]).map(drop)
    }

    fn read_credits(&mut self, customer: &Customer) -> Result<()> {
        let answer = self.send_with_key("read credits", customer, "GET", "/v1/credits", &[200])?;
        let quota = &answer.body["data"]["quota"];
        let (used, monthly) = (quota["usedCredits"].as_u64(), quota["monthlyCredits"].as_u64());
        ensure!(used <= monthly || monthly.is_none(), "a key is beyond its quota: {}", answer.body);
        Ok(())
    }

    fn estimate(&mut self, customer: &Customer) -> Result<()> {
        let body = self.job_body(&self.world.hosted_clip.clone());
        self.post("estimate", customer, "/v1/jobs/estimate", &body, &[200]).map(drop)
    }

    fn cancel(&mut self, customer: &Customer) -> Result<()> {
        let Some(job) = self.job(customer) else { return Ok(()) };
        self.send_with_key("cancel", customer, "DELETE", &format!("/api/jobs/{}", job.id), &[200, 404, 409]).map(drop)
    }

    fn delete(&mut self, customer: &Customer) -> Result<()> {
        let Some(job) = self.job(customer) else { return Ok(()) };
        let answer = self.send_with_key("delete", customer, "DELETE", &format!("/v1/jobs/{}", job.id), &[204])?;
        if answer.status == 204 {
            customer.known().jobs.iter_mut().filter(|known| known.id == job.id).for_each(|known| known.is_deleted = true);
        }
        Ok(())
    }

    fn download(&mut self, customer: &Customer) -> Result<()> {
        let Some(job) = self.job(customer) else { return Ok(()) };
        self.send_with_key("download", customer, "GET", &format!("/v1/jobs/{}/download", job.id), &[302, 404, 409]).map(drop)
    }

    fn make_key(&mut self, customer: &Customer) -> Result<()> {
        let quota = [1, 20, 100][self.random.usize(..3)];
        let body = json!({ "label": "another", "monthlyQuotaCredits": quota });
        let answer = customer.account.api.post("/v1/keys", &body)?;
        self.note("make key", &answer, &[201])?;
        customer.known().keys.extend(KnownKey::read(&answer.body["data"]));
        Ok(())
    }

    fn revoke_key(&mut self, customer: &Customer) -> Result<()> {
        let revoked = {
            let mut known = customer.known();
            // The first works on, and so do the two with a quota.
            let index = self.random.usize(..known.keys.len());
            if index < 3 {
                return Ok(());
            }
            known.keys.swap_remove(index)
        };
        let headers = [("x-api-key", customer.account.key.as_str())];
        self.call("revoke key", "DELETE", &format!("/v1/keys/{}", revoked.id), &headers, b"", &[204]).map(drop)
    }

    fn grant(&mut self, customer: &Customer) -> Result<()> {
        let credits = 1 + u64::try_from(self.random.usize(..40))?;
        customer.account.admin.grant(&customer.account.id, credits)?;
        customer.known().granted_credits += credits;
        Ok(())
    }

    fn touch_a_strangers_job(&mut self, customer: &Customer) -> Result<()> {
        let Some(stranger) = self.random.choice(&self.world.customers) else { return Ok(()) };
        let Some(job) = self.job(stranger).filter(|_| stranger.account.id != customer.account.id) else { return Ok(()) };
        let (method, path) = match self.random.usize(..6) {
            0 => ("GET", format!("/v1/jobs/{}", job.id)),
            1 => ("DELETE", format!("/v1/jobs/{}", job.id)),
            2 => ("DELETE", format!("/api/jobs/{}", job.id)),
            3 => ("GET", format!("/v1/jobs/{}/download", job.id)),
            4 => ("POST", format!("/v1/jobs/{}/start", job.id)),
            _ => ("GET", format!("/v1.0/videos/{}", job.id)),
        };
        self.send_with_key("touch a stranger's job", customer, method, &path, &[404]).map(drop)
    }

    fn send_a_wrong_key(&mut self, _customer: &Customer) -> Result<()> {
        let paths = ["/v1/jobs", "/v1/uploads", "/v1/keys", "/v1.0/videos", "/api/jobs", "/v1/jobs/estimate"];
        let path = paths[self.random.usize(..paths.len())];
        let headers = [("x-api-key", "sk_wrong"), ("content-type", "application/json")];
        self.call("send a wrong key", "POST", path, &headers, b"{", &[401, 403]).map(drop)
    }

    fn send_a_bad_body(&mut self, customer: &Customer) -> Result<()> {
        let bodies = ["{", "[]", "{\"input\":7}", "{\"video_url\":\"http://10.0.0.1/\"}", "\u{0}", "{\"label\":\"\"}"];
        let body = bodies[self.random.usize(..bodies.len())];
        let paths = ["/v1/jobs", "/v1/uploads", "/v1.0/videos", "/api/jobs", "/v1/jobs/estimate"];
        let path = paths[self.random.usize(..paths.len())];
        let headers = [("x-api-key", customer.account.key.as_str()), ("content-type", "application/json")];
        // An estimate of anything that is JSON is one.
        self.call("send a bad body", "POST", path, &headers, body.as_bytes(), &[200, 400, 402, 415]).map(drop)
    }

    /// A source, and whether it can be keyed. Files are used again and again, so that jobs share
    /// them.
    fn source(&mut self, customer: &Customer) -> (String, bool) {
        match self.random.usize(..10) {
            0 => (self.world.hosted_nothing.clone(), false),
            1 => (self.world.hosted_clip.clone(), true),
            2 => {
                let stranger = self.random.usize(..self.world.customers.len());
                let file = self.world.customers.get(stranger).and_then(|stranger| stranger.known().files.first().cloned());
                (file.unwrap_or_else(|| self.world.hosted_nothing.clone()), false)
            }
            _ => {
                let file = self.random.choice(&customer.known().files).cloned();
                (file.unwrap_or_else(|| self.world.hosted_clip.clone()), true)
            }
        }
    }

    fn job_body(&mut self, url: &str) -> Value {
        let outputs = [json!(["gif"]), json!(["webm-vp9-alpha"]), json!(["matte-grayscale-mp4", "gif"])];
        let mut options = json!({ "outputs": outputs[self.random.usize(..outputs.len())] });
        if self.random.usize(..3) == 0 {
            options["callbackUrl"] = json!(self.world.receiver);
        }
        if self.random.usize(..3) == 0 {
            // Corrected once the source was probed.
            options["durationSec"] = json!(1 + self.random.usize(..30));
        }
        json!({ "model": "auto", "input": { "mode": "video", "videoUrl": url }, "options": options })
    }

    fn job(&mut self, customer: &Customer) -> Option<KnownJob> {
        let known = customer.known();
        // Mostly late ones, since early ones are over, and seldom deleted ones.
        let deleted_too = self.random.usize(..8) == 0;
        let jobs: Vec<_> = known.jobs.iter().rev().filter(|job| deleted_too || !job.is_deleted).collect();
        let late = if self.random.usize(..3) == 0 { jobs.len() } else { jobs.len().min(8) };
        self.random.choice(jobs.get(..late)?).map(|job| (*job).clone())
    }

    fn key(&mut self, customer: &Customer) -> KnownKey {
        let known = customer.known();
        let first = KnownKey { id: customer.account.key_id.clone(), key: customer.account.key.clone() };
        self.random.choice(&known.keys).cloned().unwrap_or(first)
    }

    fn post(&mut self, name: &'static str, customer: &Customer, path: &str, body: &Value, allowed: &[u16]) -> Result<Answer> {
        let key = self.key(customer).key;
        let headers = [("x-api-key", key.as_str()), ("content-type", "application/json")];
        self.call(name, "POST", path, &headers, body.to_string().as_bytes(), &[allowed, &[REVOKED]].concat())
    }

    fn send_with_key(
        &mut self,
        name: &'static str,
        customer: &Customer,
        method: &str,
        path: &str,
        allowed: &[u16],
    ) -> Result<Answer> {
        let key = self.key(customer).key;
        self.call(name, method, path, &[("x-api-key", key.as_str())], b"", &[allowed, &[REVOKED]].concat())
    }

    fn call(
        &mut self,
        name: &'static str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        allowed: &[u16],
    ) -> Result<Answer> {
        let answer = Answer::read(send(method, &format!("{}{path}", self.world.base_url), headers, body))?;
        self.note(name, &answer, allowed).with_context(|| format!("{method} {path}"))?;
        Ok(answer)
    }

    fn note(&self, name: &'static str, answer: &Answer, allowed: &[u16]) -> Result<()> {
        let mut answers = self.world.answers.lock().unwrap_or_else(PoisonError::into_inner);
        *answers.entry((name, answer.status)).or_default() += 1;
        // The Unscreen API has 403 for every bad key.
        let is_allowed = allowed.contains(&answer.status) || answer.status == 403 && allowed.contains(&REVOKED);
        ensure!(is_allowed, "{name}: {} {}", answer.status, answer.body);
        Ok(())
    }
}

fn note_job(customer: &Customer, id: &Value, is_good: bool) {
    if let Some(id) = id.as_str() {
        customer.known().jobs.push(KnownJob { id: id.to_owned(), is_good, is_deleted: false });
    }
}
