-- What lets people judge a result: previews, and the QA report.
ALTER TABLE jobs ADD COLUMN previews_json TEXT;
ALTER TABLE jobs ADD COLUMN qa_report_json TEXT;
