//! Finds the translation of an English text: the sentence itself if the catalogue has it, else the matching template
//! with the most letters, else the translation of its parts. Which texts are looked up is decided elsewhere.

use std::collections::{BTreeMap, HashMap};

use super::template::{Piece, Template, Varying, append, ends, is_name, is_number};

/// The most parts tried in combination, so that long lists of names stay cheap.
const MOST_PARTS: usize = 8;

/// The section with nouns that follow a number.
const COUNTED: &str = "counted";

/// The sentences of a language.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    sentences: HashMap<String, String>,
    templates: Vec<Template>,
    /// The words for counted things, by the English singular.
    nouns: HashMap<String, String>,
}

impl Catalogue {
    /// Parses a catalogue. It is part of the program, so tests catch its mistakes.
    pub(super) fn parse(text: &str) -> Self {
        let sections: BTreeMap<String, BTreeMap<String, String>> = toml::from_str(text).unwrap_or_default();
        let mut catalogue = Self::default();
        for (section, sentences) in sections {
            for (english, translation) in sentences {
                if section == COUNTED {
                    catalogue.nouns.insert(english, translation);
                } else {
                    catalogue.add(&english, &translation);
                }
            }
        }
        catalogue.templates.sort_by_key(Template::rank);
        catalogue
    }

    fn add(&mut self, english: &str, translation: &str) {
        let template = Template::new(english, translation);
        if template.places.is_empty() {
            self.sentences.insert(template.around.concat(), template.translation_alone());
        } else {
            self.templates.push(template);
        }
    }

    /// Translates a text line by line.
    pub(super) fn text(&self, english: &str) -> String {
        if let Some(whole) = self.whole(english) {
            return whole;
        }
        if english.contains('\n') {
            return english.split('\n').map(|line| self.text(line)).collect::<Vec<_>>().join("\n");
        }
        let inner = english.trim();
        if inner.len() < english.len() {
            let before = &english[..english.len() - english.trim_start().len()];
            let after = &english[before.len() + inner.len()..];
            return format!("{before}{}{after}", if inner.is_empty() { String::new() } else { self.text(inner) });
        }
        self.parts(english).unwrap_or_else(|| english.to_owned())
    }

    /// The translation of a sentence that is in the catalogue as a whole.
    fn whole(&self, english: &str) -> Option<String> {
        if let Some(sentence) = self.sentences.get(english) {
            return Some(sentence.clone());
        }
        if let Some(counted) = self.counted(english) {
            return Some(counted);
        }
        self.templates.iter().find_map(|template| Some(self.filled(template, &template.captures(english)?)))
    }

    fn filled(&self, template: &Template, captures: &[&str]) -> String {
        let mut out = String::new();
        let mut is_quoted = false;
        for piece in &template.translation {
            let Piece::Place(place) = piece else {
                let Piece::Text(text) = piece else { continue };
                if is_quoted {
                    out.push_str(text);
                } else {
                    append(&mut out, text);
                }
                is_quoted = false;
                continue;
            };
            let capture = captures.get(*place).copied().unwrap_or_default();
            match template.places.get(*place) {
                Some(Varying::Text) if !is_name(capture) => append(&mut out, &self.text(capture)),
                Some(Varying::Phrase) => append(&mut out, &self.text(capture)),
                Some(Varying::Quoted) => {
                    out.push_str(capture);
                    is_quoted = true;
                }
                _ => append(&mut out, capture),
            }
        }
        out
    }

    /// Translates `3 slices`.
    fn counted(&self, english: &str) -> Option<String> {
        let (count, noun) = english.split_once(' ')?;
        if !is_number(count) {
            return None;
        }
        let singular = || match noun.strip_suffix("ities") {
            Some(stem) => self.nouns.get(&format!("{stem}ity")),
            None => self.nouns.get(noun.strip_suffix('s')?),
        };
        let noun = self.nouns.get(noun).or_else(singular)?;
        Some(format!("{count} {noun}"))
    }

    /// Translates a text part by part, each as long as the catalogue allows, if it has at least one of them.
    fn parts(&self, english: &str) -> Option<String> {
        let mut out = String::new();
        let (mut rest, mut is_known, mut joint) = (english, false, None);
        while !rest.is_empty() {
            let ends: Vec<_> = ends(rest).take(MOST_PARTS).collect();
            let is_list = |part: &str| part.split(", ").all(is_name);
            let whole = |at: usize| Some(&rest[..at]).filter(|part| !is_list(part)).and_then(|part| self.whole(part));
            let known = ends.iter().rev().find_map(|(at, after)| Some((whole(*at)?, *at, *after)));
            let is_last_known = is_known;
            let (text, at, after) = match known {
                Some((text, at, after)) => (text, at, after),
                None => ends.first().map(|(at, after)| (rest[..*at].to_owned(), *at, *after))?,
            };
            is_known = rest[..at] != text;
            if let Some((between, translated)) = joint {
                out.push_str(if is_known || is_last_known { translated } else { between });
            }
            out.push_str(&text);
            joint = after;
            rest = &rest[at + after.map_or(0, |(between, _)| between.len())..];
        }
        (out != english).then_some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue() -> Catalogue {
        Catalogue::parse(
            r#"
            [counted]
            slice = "个切片"
            security = "只证券"
            [sentences]
            "no rows" = "没有数据"
            "invalid date `{}`: expected YYYY-MM-DD" = "日期 `{}` 无效：应为 YYYY-MM-DD"
            "cannot read `{}`: {}" = "无法读取 `{}`：{}"
            "{} of {} missing" = "{2} 中缺 {1}"
            "failed: {}: {}" = "失败：{}：{}"
            "{n} failed" = "失败 {}"
            "use /quote/{{}}/{}" = "用 /quote/{{}}/{}"
            "{} from {}: {}" = "{2} 的 {1}：{3}"
            "{} from {} to {}" = "{1}，{2} 至 {3}"
            "#,
        )
    }

    #[test]
    fn a_sentence_is_found_as_it_is_or_by_its_template() {
        let catalogue = catalogue();
        assert_eq!(catalogue.text("no rows"), "没有数据");
        assert_eq!(
            catalogue.text("invalid date `2024-02-30`: expected YYYY-MM-DD"),
            "日期 `2024-02-30` 无效：应为 YYYY-MM-DD"
        );
        assert_eq!(catalogue.text("3 of 5 slices missing"), "5 个切片中缺 3");
        assert_eq!(catalogue.text("use /quote/{}/f10"), "用 /quote/{}/f10");
        assert_eq!(catalogue.text("4 slices"), "4 个切片");
        assert_eq!(catalogue.text("1 security"), "1 只证券");
        assert_eq!(catalogue.text("12 securities"), "12 只证券");
    }

    #[test]
    fn what_has_no_translation_stays() {
        let catalogue = catalogue();
        for text in
            ["", "stock_daily_cn", "a vendor's own words: 抱歉", "some failed", "slice", "2024-01-02, 2024-01-03"]
        {
            assert_eq!(catalogue.text(text), text);
        }
    }

    #[test]
    fn what_stands_in_a_place_is_translated_unless_it_is_quoted() {
        let catalogue = catalogue();
        assert_eq!(catalogue.text("failed: 2024-01-02: no rows"), "失败：2024-01-02：没有数据");
        assert_eq!(catalogue.text("cannot read `no rows`: no rows"), "无法读取 `no rows`：没有数据");
        // A reason that contains colons.
        assert_eq!(
            catalogue.text("failed: 600519.SH: cannot read `a: b`: no such file: x"),
            "失败：600519.SH：无法读取 `a: b`：no such file: x"
        );
    }

    #[test]
    fn of_two_templates_the_one_with_more_letters_holds() {
        let catalogue = catalogue();
        assert_eq!(catalogue.text("3 slices from 2024-01 to 2024-03"), "3 个切片，2024-01 至 2024-03");
        assert_eq!(catalogue.text("daily from tushare: no rows"), "tushare 的 daily：没有数据");
    }

    #[test]
    fn parts_are_translated_on_their_own() {
        let catalogue = catalogue();
        assert_eq!(catalogue.text("tushare/daily: no rows"), "tushare/daily：没有数据");
        assert_eq!(catalogue.text("no rows; 3 slices, 2 failed"), "没有数据；3 个切片，失败 2");
        assert_eq!(catalogue.text("  no rows\nother words\n"), "  没有数据\nother words\n");
    }

    #[test]
    fn a_sentence_does_not_begin_in_the_midst_of_another() {
        let catalogue = Catalogue::parse(
            r#"
            [sentences]
            "{} set aside ({})" = "剔除 {}（{}）"
            "{} in the last minute" = "最近一分钟 {}"
            "{}: {n} of {n} {t}" = "{}：{}/{} {}"
            "no {} in the reply" = "响应里没有 {}"
            "invalid `{}`: expected {}" = "`{}` 无效：应为 {}"
            "slices" = "个切片"
            [counted]
            "call" = "次调用"
            "row" = "行"
            "#,
        );
        let progress = "adj_factor: 40 of 45 slices, 478 calls in the last minute";
        assert_eq!(catalogue.text(progress), "adj_factor：40/45 个切片，最近一分钟 478 次调用");
        let findings = "3 rows set aside (invalid `x`: expected y; z); no `vol`, `amount` in the reply";
        assert_eq!(catalogue.text(findings), "剔除 3 行（`x` 无效：应为 y; z）；响应里没有 `vol`, `amount`");
    }

    /// A sentence and its translation, with the same values filled in.
    fn filled(english: &str, translation: &str) -> (String, String) {
        let open = |text: &str| text.replace("{{", "\u{1}").replace("}}", "\u{2}");
        let close = |text: &str| text.replace('\u{1}', "{").replace('\u{2}', "}").replace(' ', "");
        let (mut sentence, mut values) = (String::new(), Vec::new());
        for (place, part) in open(english).split('{').enumerate() {
            let Some((kind, after)) = part.split_once('}').filter(|_| place > 0) else {
                sentence.push_str(part);
                continue;
            };
            values.push(if kind == "n" { format!("7{place}") } else { format!("X{place}") });
            sentence.extend([values[place - 1].as_str(), after]);
        }
        let mut expected = String::new();
        for (place, part) in open(translation).split('{').enumerate() {
            let Some((which, after)) = part.split_once('}').filter(|_| place > 0) else {
                expected.push_str(part);
                continue;
            };
            let which = which.parse().unwrap_or(place);
            expected.extend([values[which - 1].as_str(), after]);
        }
        (sentence.replace('\u{1}', "{").replace('\u{2}', "}"), close(&expected))
    }

    #[test]
    fn every_sentence_of_the_catalogue_is_found() {
        let text = include_str!("zh.toml");
        let sections: BTreeMap<String, BTreeMap<String, String>> = toml::from_str(text).unwrap();
        let catalogue = Catalogue::parse(text);
        let mut lost = Vec::new();
        for (english, translation) in sections.iter().filter(|(name, _)| *name != COUNTED).flat_map(|(_, all)| all) {
            let (sentence, expected) = filled(english, translation);
            let found = catalogue.text(&sentence);
            if found.replace(' ', "") != expected {
                lost.push(format!("{sentence}: {found}"));
            }
        }
        assert!(lost.is_empty(), "another template takes these: {lost:#?}");
    }
}
