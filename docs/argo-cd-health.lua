-- The health of the kinds of agent.wecode.io for Argo CD, by the conditions that kstatus reads.
-- https://argo-cd.readthedocs.io/en/stable/operator-manual/health/#custom-health-checks
local health = { status = "Progressing", message = "Nobody has looked at it yet" }
-- They hold something, and nobody writes a status for them.
if obj.kind == "SkillPackage" then
  return { status = "Healthy", message = "" }
end
if obj.status == nil or obj.status.conditions == nil then
  return health
end
if obj.status.observedGeneration ~= nil and obj.status.observedGeneration ~= obj.metadata.generation then
  health.message = "The newest version of it was not looked at yet"
  return health
end
if obj.spec ~= nil and obj.spec.suspend == true then
  return { status = "Suspended", message = "It is suspended" }
end
local found = {}
for _, condition in ipairs(obj.status.conditions) do
  found[condition.type] = condition
end
local stalled, reconciling, ready = found["Stalled"], found["Reconciling"], found["Ready"]
if stalled ~= nil and stalled.status == "True" then
  return { status = "Degraded", message = stalled.message }
end
-- A Task or a Sandbox that has ended is as it is going to be.
local finished = found["Finished"]
if finished ~= nil and finished.status == "True" then
  local failed = obj.status.phase == "Failed"
  return { status = failed and "Degraded" or "Healthy", message = finished.message }
end
if reconciling ~= nil and reconciling.status == "True" then
  return { status = "Progressing", message = reconciling.message }
end
if ready == nil then
  return { status = "Healthy", message = "" }
end
if ready.status == "True" then
  return { status = "Healthy", message = ready.message }
end
if ready.status == "False" then
  return { status = "Degraded", message = ready.message }
end
health.message = ready.message
return health
