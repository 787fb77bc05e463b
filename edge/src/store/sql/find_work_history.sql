-- find_work_history: how long jobs of a model took on pictures of a class.  ?1 model  ?2 resolution
SELECT jobs, weight, duration_ms, work_ms, duration_ms_squared, duration_ms_by_work_ms
FROM work_history WHERE model = ?1 AND resolution = ?2;
