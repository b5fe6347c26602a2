//! The report as a web page.

pub(crate) fn page(_: &waybill_shared::report::Report) -> String {
    String::new()
}
