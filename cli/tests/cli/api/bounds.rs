//! The description states the bounds of everything that requests carry, and each is the one that is asked for.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use waybill_api::{ROUTES, openapi};

use super::surface::{Answer, Surface};

/// The description, and what can be made of it.
struct Described(Value);

/// A value of a body: a body that holds it, where it stands there, and what is said of it.
struct Leaf {
    body: Value,
    place: String,
    of: Value,
}

impl Described {
    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let path = schema["$ref"].as_str().and_then(|path| path.strip_prefix('#'));
        path.and_then(|path| self.0.pointer(path)).unwrap_or(schema)
    }

    /// Each operation: its method, path, and what is said of it.
    fn operations(&self) -> Vec<(String, String, &Value)> {
        let paths = self.0["paths"].as_object().into_iter().flatten();
        let of = |(path, item): (&'_ String, &'_ Value)| -> Vec<(String, String, &Value)> {
            let path = path.clone();
            let all = self.0["paths"][&path].as_object().into_iter().flatten();
            let _ = item;
            all.map(|(method, of)| (method.to_uppercase(), path.clone(), of)).collect()
        };
        paths.flat_map(of).collect()
    }

    /// Something that fits `schema`, with what it must have alone.
    fn sample(&self, schema: &Value) -> Value {
        let schema = self.resolved(schema);
        if schema["example"].is_string() || schema["example"].is_object() {
            return schema["example"].clone();
        }
        if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
            return first.clone();
        }
        if let Some(one) = self.choices(schema).first() {
            return self.sample(one);
        }
        if let Some(all) = schema["allOf"].as_array() {
            return all.iter().fold(json!({}), |whole, part| merged(whole, self.sample(part)));
        }
        match kind(schema) {
            "string" => match (schema["format"].as_str(), schema["pattern"].as_str()) {
                (Some("date"), _) => json!("2026-01-15"),
                (_, Some("^[A-Z]{3}$")) => json!("EUR"),
                _ => json!("x"),
            },
            "integer" | "number" => json!(schema["minimum"].as_i64().unwrap_or(1).max(1)),
            "boolean" => json!(false),
            "array" => json!([self.sample(&schema["items"])]),
            "null" => Value::Null,
            _ => {
                let required = schema["required"].as_array().into_iter().flatten();
                let names = required.filter_map(Value::as_str);
                let one = |name: &str| (name.to_owned(), self.sample(&schema["properties"][name]));
                Value::Object(names.map(one).collect())
            }
        }
    }

    /// What `schema` may be one of, other than nothing.
    fn choices<'a>(&self, schema: &'a Value) -> Vec<&'a Value> {
        let all = ["oneOf", "anyOf"].iter().filter_map(|kind| schema[*kind].as_array()).flatten();
        all.filter(|choice| choice["type"] != "null").collect()
    }

    /// Every text and number in what fits `schema`.
    fn leaves(&self, schema: &Value) -> Vec<Leaf> {
        let schema = self.resolved(schema);
        let under = |leaf: Leaf, step: &str, body: Value| Leaf {
            body,
            place: format!("/{step}{}", leaf.place),
            of: leaf.of,
        };
        let choices = self.choices(schema);
        if !choices.is_empty() {
            return choices.into_iter().flat_map(|choice| self.leaves(choice)).collect();
        }
        if let Some(all) = schema["allOf"].as_array() {
            let whole = self.sample(schema);
            let of_part = |part: &Value| self.leaves(part);
            let leaves = all.iter().flat_map(of_part);
            return leaves
                .map(|leaf| Leaf { body: merged(whole.clone(), leaf.body.clone()), ..leaf })
                .collect();
        }
        let mut leaves = Vec::new();
        match kind(schema) {
            "string" | "integer" | "number" if schema["enum"].is_null() => {
                let (body, of) = (self.sample(schema), schema.clone());
                leaves.push(Leaf { body, place: String::new(), of });
            }
            "array" => {
                for leaf in self.leaves(&schema["items"]) {
                    let body = json!([leaf.body]);
                    leaves.push(under(leaf, "0", body));
                }
            }
            "object" => {
                let base = self.sample(schema);
                for (name, property) in schema["properties"].as_object().into_iter().flatten() {
                    for leaf in self.leaves(property) {
                        let body = merged(base.clone(), json!({ name: leaf.body }));
                        leaves.push(under(leaf, name, body));
                    }
                }
                if schema["additionalProperties"].is_object() {
                    for leaf in self.leaves(&schema["additionalProperties"]) {
                        let body = json!({ "LOT-001": leaf.body });
                        leaves.push(under(leaf, "LOT-001", body));
                    }
                }
            }
            _ => {}
        }
        leaves
    }
}

/// The type of `schema` that is not nothing.
fn kind(schema: &Value) -> &str {
    let all = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().into_iter().collect::<Vec<_>>(),
    };
    all.into_iter().find(|kind| *kind != "null").unwrap_or("")
}

fn merged(mut whole: Value, part: Value) -> Value {
    if let (Some(whole), Value::Object(part)) = (whole.as_object_mut(), part) {
        whole.extend(part);
    }
    whole
}

/// Whether a refusal is about how long a text is.
fn is_of_length(answer: &Answer) -> bool {
    ["characters", "too long", "too_large"].iter().any(|word| answer.text.contains(word))
}

/// One whose text has more rules than a length.
fn has_form(of: &Value) -> bool {
    let pattern = of["pattern"].as_str().unwrap_or_default();
    !of["format"].is_null() && of["format"] != "uri"
        || !pattern.is_empty() && !pattern.starts_with("^[^")
}

#[test]
fn every_text_and_number_of_a_request_has_a_bound() -> Result<()> {
    let described = Described(serde_json::to_value(openapi())?);
    let mut count = 0;
    let mut bounded = |of: &Value, what: String| -> Result<()> {
        count += 1;
        match kind(of) {
            "string" if of["enum"].is_null() => {
                ensure!(of["maxLength"].is_u64(), "{what}: {of}");
            }
            "integer" | "number" => {
                ensure!(of["minimum"].is_i64() && of["maximum"].is_i64(), "{what}: {of}");
            }
            _ => {}
        }
        Ok(())
    };
    for (method, path, of) in described.operations() {
        for parameter in of["parameters"].as_array().into_iter().flatten() {
            for leaf in described.leaves(&parameter["schema"]) {
                bounded(&leaf.of, format!("{method} {path}: {}", parameter["name"]))?;
            }
        }
        for (media, body) in of["requestBody"]["content"].as_object().into_iter().flatten() {
            for leaf in described.leaves(&body["schema"]) {
                bounded(&leaf.of, format!("{method} {path}, {media}: {}", leaf.place))?;
            }
        }
    }
    ensure!(count > 200, "{count}");
    Ok(())
}

#[test]
fn what_is_at_its_bound_is_not_refused_for_it_and_what_is_beyond_is() -> Result<()> {
    let surface = Surface::open_with(&["--rate", "0"])?;
    surface.until("LOT-001", "response")?;
    let described = Described(serde_json::to_value(openapi())?);
    let hook = json!({"url": "https://1.1.1.1/", "name": "x"});
    let hook =
        surface.post(&surface.token("admin", "")?, "/v1/webhooks", &hook)?.is(201)?.json()?;
    let hook = hook["id"].as_str().or(hook["webhook"]["id"].as_str()).context("an id")?.to_owned();
    let mut wrong = Vec::new();
    let mut asked = 0;
    for (method, path, of) in described.operations() {
        let token = token(&surface, &method, &path)?;
        let named = if path.contains("cron") { "daily-chase" } else { &hook };
        let target = match path.split_once('{') {
            None => path.clone(),
            Some((before, after)) => {
                let after = after.split_once('}').context("}")?.1;
                format!("{before}{named}{after}")
            }
        };
        let schema = &of["requestBody"]["content"]["application/json"]["schema"];
        for Leaf { body, place, of } in described.leaves(schema) {
            let what = format!("{method} {path} {place}");
            let mut send = |value: Value| -> Result<Answer> {
                let mut body = body.clone();
                *body.pointer_mut(&place).context("a place")? = value;
                asked += 1;
                surface.write(&token, &method, &target, &body)
            };
            let (at_bound, beyond) = match kind(&of) {
                "string" => {
                    let most = usize::try_from(of["maxLength"].as_u64().context("maxLength")?)?;
                    (vec![json!("x".repeat(most))], vec![json!("x".repeat(most + 1))])
                }
                _ => {
                    let least = of["minimum"].as_i64().context("minimum")?;
                    let most = of["maximum"].as_i64().context("maximum")?;
                    (vec![json!(least), json!(most)], vec![json!(least - 1), json!(most + 1)])
                }
            };
            let is_text = kind(&of) == "string";
            for value in beyond {
                let answer = send(value)?;
                let field = place.rsplit('/').next().unwrap_or_default();
                let is_named = answer.text.contains(&format!("\"field\":\"{field}\""));
                let is_told = !is_text || has_form(&of) || is_of_length(&answer) || is_named;
                let is_refused = (400..500).contains(&answer.status)
                    || answer.status == 200 && answer.text.contains("\"refused\":1");
                if !is_refused || !is_told && field != "content" {
                    wrong.push(format!("{what}: beyond: {} {}", answer.status, answer.text));
                }
            }
            for value in at_bound.into_iter().filter(|_| !has_form(&of)) {
                let answer = send(value)?;
                let is_far = is_of_length(&answer)
                    || answer.text.contains("15 digits")
                    || answer.text.contains("invalid value: integer");
                if answer.status >= 500 || is_far {
                    wrong.push(format!("{what}: at its bound: {} {}", answer.status, answer.text));
                }
            }
        }
    }
    ensure!(wrong.is_empty(), "{} of {asked}:\n{}", wrong.len(), wrong.join("\n"));
    ensure!(asked > 250, "{asked}");
    Ok(())
}

/// A token of a role that may use the route.
fn token(surface: &Surface, method: &str, path: &str) -> Result<String> {
    let route = ROUTES.iter().find(|(m, p, _)| *m == method && *p == path);
    let (_, _, roles) = route.with_context(|| format!("{method} {path}"))?;
    let role = roles.first().context("a role")?.name();
    let party = match role {
        "donor" => "AA",
        "requester" => "REQ",
        "supplier" | "carrier" => "SUP",
        "buying_agent" => "BUY",
        "reviewer" => "it",
        "recipient" => "C1",
        _ => "",
    };
    surface.token(role, party)
}
