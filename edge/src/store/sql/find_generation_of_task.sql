-- find_generation_of_task: by the task id of its provider.  ?1 provider  ?2 task_id
SELECT * FROM generations WHERE provider = ?1 AND task_id = ?2;
